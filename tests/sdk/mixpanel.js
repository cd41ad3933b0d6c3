// SPDX-License-Identifier: EUPL-1.2
// Mixpanel: identify, people, track with the answer to it.
import mixpanel from "mixpanel-browser";
import { person, labels, step, story, within } from "./harness.js";

story(async () => {
	mixpanel.init("synthetic0815", {
		api_host: "https://api-js.mixpanel.com", debug: false,
		batch_requests: false, track_pageview: true, persistence: "cookie",
	});
	step("initialized");
	mixpanel.identify(person.device);
	mixpanel.people.set({ $name: person.name, $email: person.mail });
	const said = new Promise((resolve) => mixpanel.track("Meeting Joined", {
		mic: labels.audioinput, zone: person.zone, ip: person.address,
	}, { send_immediately: true }, resolve));
	step("tracked");
	// 1 or {status: 1}: accepted. It says 0 when it has to keep the event.
	const answer = await within("an answer", said);
	step("answer " + JSON.stringify(answer));
});

// SPDX-License-Identifier: EUPL-1.2
// Segment: settings from its server, then identify, page, track.
import { AnalyticsBrowser } from "@segment/analytics-next";
import { person, labels, step, story, within } from "./harness.js";

story(async () => {
	const analytics = AnalyticsBrowser.load({ writeKey: "synthetickey0815" });
	await within("settings", analytics);
	step("loaded");
	await within("identify", analytics.identify(person.device,
	    { name: person.name, email: person.mail }));
	step("identified");
	await within("page", analytics.page("Besprechung"));
	await within("track", analytics.track("Meeting Joined",
	    { displayName: person.name, mic: labels.audioinput,
	    zone: person.zone, ip: person.address }));
	step("tracked");
});

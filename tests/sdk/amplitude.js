// SPDX-License-Identifier: EUPL-1.2
// Amplitude's old library, in GoTo and Jitsi Meet: it asks for "success".
import amplitude from "amplitude-js";
import { person, labels, step, story, within } from "./harness.js";

story(async () => {
	const client = amplitude.getInstance();
	client.init("synthetic0815", person.device, { saveEvents: false,
	    includeReferrer: true, includeUtm: true });
	step("initialized");
	client.setUserProperties({ displayName: person.name, email: person.mail,
	    zone: person.zone });
	const said = new Promise((resolve) => client.logEvent("joined",
	    { audioDevice: labels.audioinput, ip: person.address },
	    (status, body) => resolve(status + " " + body),
	    (status, body) => resolve(status + " " + body)));
	step("logged");
	step("answer " + await within("an answer", said));
});

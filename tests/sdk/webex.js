// SPDX-License-Identifier: EUPL-1.2
// Webex: a guest registers, looks a meeting up, joins, offers audio and video,
// and leaves. Nobody answers the media, so it waits for no connection.
import { person, script, sleep, step, story, until, within }
    from "./harness.js";

const TOKEN = "NWI5ZjE0ZjAtSYNTHETIC-d2ViZXgtdG9rZW4tZXJpa2E_PE93_" +
    "1eb65fdf-9643-417f-9974-ad72cae0e10f";

story(async () => {
	await script("/npm/webex/umd/meetings.min.js");
	const webex = window.Webex.init({
		config: {
			logger: { level: "error" },
			meetings: { autoUploadLogs: true },
		},
		credentials: { access_token: TOKEN },
	});
	await within("ready", new Promise((r) => webex.once("ready", r)));
	step("ready");
	await within("register", webex.meetings.register(), 20000);
	step("registered");
	const meeting = await within("meeting", webex.meetings.create(
	    "https://amt.webex.com/amt/j.php?MTID=m0123456789abcdef"));
	step("meeting " + meeting.meetingNumber);
	const helpers = webex.meetings.mediaHelpers;
	const microphone = await helpers.createMicrophoneStream({});
	const camera = await helpers.createCameraStream({});
	step("devices");
	const media = meeting.joinWithMedia({
		joinOptions: { name: person.name },
		mediaOptions: {
			localStreams: { microphone, camera },
			allowMediaInLobby: true,
		},
	}).catch(() => {});
	await until("joined", () => meeting.isJoined());
	step("joined");
	await until("an offer", () => performance
	    .getEntriesByType("resource")
	    .some((e) => e.name.endsWith("/media") && e.responseEnd));
	step("offered media");
	await Promise.race([media, sleep(3000)]);
	// Without an answer the SDK leaves by itself.
	if (meeting.isJoined())
		await within("leave", meeting.leave());
	await sleep(1000);
	step("left");
	await within("unregister", webex.meetings.unregister());
	step("unregistered");
});

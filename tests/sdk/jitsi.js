// SPDX-License-Identifier: EUPL-1.2
// lib-jitsi-meet, the last build of it on npm (end of 2021): connects by XMPP over
// a WebSocket, joins a room with devices, answers the bridge's offer, says
// something, and leaves.
import amplitude from "amplitude-js";
import jquery from "jquery";
import { person, labels, script, sleep, step, story, until, within }
    from "./harness.js";

story(async () => {
	window.jquery = window.jQuery = jquery;
	await script("/npm/@lyno/lib-jitsi-meet/lib-jitsi-meet.min.js");
	const lib = window.JitsiMeetJS;
	lib.setLogLevel(lib.logLevels.ERROR);
	lib.init({ disableAudioLevels: true, enableAnalyticsLogging: true });
	// what Jitsi Meet itself puts in as its handler of analytics
	const analytics = amplitude.getInstance("jitsi");
	analytics.init("synthetic", person.device);
	analytics.logEvent("conference_joined", { name: person.name,
	    zone: person.zone });
	const connection = new lib.JitsiConnection(null, "synthetic.jwt.token", {
		hosts: { domain: "meet.jit.si", muc: "conference.meet.jit.si",
		    focus: "focus.meet.jit.si" },
		serviceUrl: "wss://meet.jit.si/xmpp-websocket?room=lagebesprechung",
		websocketKeepAlive: -1, openBridgeChannel: "websocket",
		deploymentInfo: {},
	});
	const { connection: at, conference: inside } = lib.events;
	const events = { connected: false, joined: false, left: false };
	connection.addEventListener(at.CONNECTION_ESTABLISHED, () => {
		events.connected = true; });
	connection.connect();
	await until("a connection", () => events.connected);
	step("connected");
	const tracks = await within("devices", lib.createLocalTracks(
	    { devices: ["audio", "video"] }));
	step("devices");
	const room = connection.initJitsiConference("lagebesprechung",
	    { openBridgeChannel: "websocket", disableAudioLevels: true,
	    p2p: { enabled: false }, statisticsDisplayName: person.name });
	room.on(inside.CONFERENCE_JOINED, () => { events.joined = true; });
	room.on(inside.CONFERENCE_LEFT, () => { events.left = true; });
	room.on(inside.USER_JOINED, () => step("sees somebody"));
	room.on(inside.MESSAGE_RECEIVED, () => step("hears a message"));
	room.setDisplayName(person.name);
	room.setLocalParticipantProperty("email", person.mail);
	room.setLocalParticipantProperty("mic", labels.audioinput);
	for (const track of tracks)
		await room.addTrack(track);
	room.join();
	await until("the room", () => events.joined);
	step("joined");
	await sleep(3000);
	room.sendTextMessage("Guten Tag");
	await sleep(1000);
	await within("leave", Promise.resolve(room.leave()).catch(() => {}));
	await until("the end", () => events.left);
	step("left");
	await connection.disconnect();
	step("disconnected");
});

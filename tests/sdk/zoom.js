// SPDX-License-Identifier: EUPL-1.2
// Zoom's Meeting SDK, component view: a guest joins by number and passcode, sees
// who is there, and leaves.
import ZoomMtgEmbedded from "@zoom/meetingsdk/embedded";
import { person, sleep, step, story, until, within } from "./harness.js";

const part = (value) => btoa(JSON.stringify(value)).replace(/\+/g, "-")
    .replace(/\//g, "_").replace(/=+$/, "");
const signature = [part({ alg: "HS256", typ: "JWT" }), part({
	sdkKey: "SYNTHETICSDKKEY0000000", appKey: "SYNTHETICSDKKEY0000000",
	mn: "84512340987", role: 0, iat: 1795423000, exp: 4070908800,
	tokenExp: 4070908800, video_webrtc_mode: 1,
}), "c3ludGhldGljLXNpZ25hdHVyZS0wMDAwMDAwMDAwMDA"].join(".");

story(async () => {
	const client = ZoomMtgEmbedded.createClient();
	await within("init", client.init({
		zoomAppRoot: document.getElementById("root"), language: "de-DE",
		patchJsMedia: true, leaveOnPageUnload: true,
	}));
	step("initialized");
	client.on("connection-change", (p) => step("connection " + p.state));
	client.on("user-added", () => step("someone is there"));
	await within("join", client.join({
		sdkKey: "SYNTHETICSDKKEY0000000", signature,
		meetingNumber: "84512340987", password: "geheim123",
		userName: person.name, userEmail: person.mail,
	}), 20000);
	step("joined");
	await until("a list of people", () =>
	    client.getAttendeeslist().length > 1);
	step("sees who is there");
	if (client.getCurrentUser())
		step("knows itself");
	await sleep(4000);
	await within("leave", client.leaveMeeting());
	step("left");
});

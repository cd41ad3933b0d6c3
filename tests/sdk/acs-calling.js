// SPDX-License-Identifier: EUPL-1.2
// Azure Communication Services, calling: an agent with devices, then the join of a
// Teams meeting, which goes as far as the fake service answers.
import { CallClient } from "@azure/communication-calling";
import { AzureCommunicationTokenCredential }
    from "@azure/communication-common";
import { setLogLevel } from "@azure/logger";
import { person, sleep, step, story, within } from "./harness.js";

const ME = "acs:2f3a4b5c-6d7e-4f80-91a2-b3c4d5e6f708_00000024-7a3f-0e5b-99c6-593a0d00f00d";
const part = (value) => btoa(JSON.stringify(value)).replace(/=+$/, "");
const TOKEN = [part({ alg: "RS256", kid: "SYNTH", typ: "JWT" }), part({
	skypeid: ME, scp: 1792, csi: "1795423000", exp: 4070908800, rgn: "de",
	acsScope: "chat,voip", iat: 1795423000,
	resourceId: "2f3a4b5c-6d7e-4f80-91a2-b3c4d5e6f708",
}), "c3ludGhldGlj"].join(".");
const MEETING = "https://teams.microsoft.com/l/meetup-join/" +
    "19%3ameeting_NjEyMjMzNDQtNTU2Ni00Nzg4%40thread.v2/0?context=" +
    encodeURIComponent(JSON.stringify({
	Tid: "72f988bf-86f1-41af-91ab-2d7cd011db47",
	Oid: "5f1c7e3a-2b6d-4c1e-9f3a-1d2c3b4a5e6f",
    }));

story(async () => {
	setLogLevel("error");
	const client = new CallClient({ diagnostics: {
		appName: person.room, appVersion: "1", tags: [person.device] } });
	const devices = await within("device manager",
	    client.getDeviceManager());
	step("device manager");
	await within("permission", devices.askDevicePermission(
	    { audio: true, video: true }));
	if ((await devices.getMicrophones()).length)
		step("devices");
	const agent = await within("agent", client.createCallAgent(
	    new AzureCommunicationTokenCredential(TOKEN),
	    { displayName: person.name }), 25000);
	step("agent");
	const call = agent.join({ meetingLink: MEETING });
	call.on("stateChanged", () => step("call " + call.state));
	step("call " + call.state);
	await sleep(8000);
	if (call.state !== "Disconnected")
		await within("hang up", call.hangUp());
	await within("dispose", agent.dispose()).catch(() => {});
	step("disposed");
});

// SPDX-License-Identifier: EUPL-1.2
// Azure Communication Services, chat of a Teams meeting: a thread, messages, and
// the push channel (Trouter).
import { ChatClient } from "@azure/communication-chat";
import { AzureCommunicationTokenCredential }
    from "@azure/communication-common";
import { setLogLevel } from "@azure/logger";
import { person, labels, sleep, step, story, within } from "./harness.js";

const ME = "8:acs:2f3a4b5c-6d7e-4f80-91a2-b3c4d5e6f708_00000024-7a3f-0e5b-99c6-593a0d00f00d";
const part = (value) => btoa(JSON.stringify(value)).replace(/=+$/, "");
const TOKEN = [part({ alg: "RS256", kid: "SYNTH", typ: "JWT" }), part({
	skypeid: ME.slice(2), scp: 1792, csi: "1795423000", exp: 4070908800,
	rgn: "de", acsScope: "chat,voip", resourceId: "0815", iat: 1795423000,
}), "c3ludGhldGlj"].join(".");

story(async () => {
	setLogLevel("error");
	const client = new ChatClient(
	    "https://amt-konferenz.germany.communication.azure.com",
	    new AzureCommunicationTokenCredential(TOKEN));
	await within("push", client.startRealtimeNotifications());
	client.on("realTimeNotificationConnected", () => step("push"));
	step("push asked for");
	const made = await within("thread", client.createChatThread(
	    { topic: "Lagebesprechung" },
	    { participants: [{ id: { communicationUserId: ME },
	    displayName: person.name }] }));
	step("thread");
	const thread = client.getChatThreadClient(made.chatThread.id);
	await within("message", thread.sendMessage({ content: "Guten Tag" },
	    { senderDisplayName: person.name,
	    metadata: { raum: person.room, mic: labels.audioinput } }));
	step("message");
	await within("typing", thread.sendTypingNotification(
	    { senderDisplayName: person.name }));
	step("typing");
	for await (const one of thread.listMessages())
		step("reads " + one.type);
	for await (const one of thread.listParticipants())
		step("sees " + (one.displayName ? "a name" : "nobody"));
	await sleep(3000);
	await client.stopRealtimeNotifications();
	step("stopped");
});

// SPDX-License-Identifier: EUPL-1.2
// sip.js as BigBlueButton up to 2.6 speaks audio: register, call, tones, hang up,
// with the name in every message. Nobody answers the media.
import { Inviter, Registerer, SessionState, UserAgent, Web } from "sip.js";
import { person, labels, sleep, step, story, until, within } from "./harness.js";

const HOST = "bbb.example.org";

story(async () => {
	const stuns = await (await fetch(
	    "https://" + HOST + "/bigbluebutton/api/stuns?sessionToken=synthetic0815",
	    { headers: { "X-Device": labels.audioinput } })).json();
	if (stuns.stunServers)
		step("stuns");
	const agent = new UserAgent({
		uri: UserAgent.makeURI("sip:w_synth1_1-bbbID-" +
		    encodeURIComponent(person.name) + "@" + HOST),
		displayName: person.name,
		transportOptions: { server: "wss://" + HOST +
		    "/ws?sessionToken=synthetic0815" },
		userAgentString: "BigBlueButton", logLevel: "error",
		sessionDescriptionHandlerFactory: Web.defaultSessionDescriptionHandlerFactory(),
		sessionDescriptionHandlerFactoryOptions: {
			iceGatheringTimeout: 2000,
			peerConnectionConfiguration: { iceServers: [] },
		},
	});
	await within("a connection", agent.start());
	step("connected");
	const registerer = new Registerer(agent, { expires: 300 });
	registerer.stateChange.addListener((s) => step("register " + s));
	await registerer.register();
	await until("registered", () => registerer.state === "Registered");
	const call = new Inviter(agent, UserAgent.makeURI("sip:echo72345@" + HOST), {
		extraHeaders: ["X-BBB-Meeting: 72345",
		    "X-BBB-UserName: " + person.name],
		sessionDescriptionHandlerOptions: {
			constraints: { audio: true, video: false } },
	});
	call.stateChange.addListener((s) => step("call " + s));
	await call.invite();
	await until("an answer", () =>
	    call.state === SessionState.Established, 10000);
	await call.info({ requestOptions: { body: {
		contentDisposition: "render", contentType: "application/dtmf-relay",
		content: "Signal=1\r\nDuration=2000",
	} } });
	step("tone");
	await sleep(500);
	await call.bye();
	await until("the end", () => call.state === SessionState.Terminated);
	await registerer.unregister();
	await until("unregistered", () => registerer.state === "Unregistered");
	await agent.stop();
	step("stopped");
});

// SPDX-License-Identifier: EUPL-1.2
// Wire's API client: a guest registers, registers the browser, follows the link
// into a conversation, listens to events, asks for relays, and goes. The calling
// core (avs) is not played here.
import { APIClient } from "@wireapp/api-client";
import { ClientClassification, ClientType }
    from "@wireapp/api-client/lib/client/";
import { person, sleep, step, story, within } from "./harness.js";

const key = (n) => btoa("synthetic-prekey-" + n).padEnd(44, "A");

story(async () => {
	const wire = new APIClient({
		urls: { name: "prod", rest: "https://prod-nginz-https.wire.com",
		    ws: "wss://prod-nginz-ssl.wire.com" },
		headers: { "Wire-Client": "webapp",
		    "Wire-Client-Version": "2026.10.19.12.34.56" },
	});
	const backend = await within("a version", wire.useVersion(8, 12));
	step("speaks version " + backend.version);
	await within("register", wire.register({ name: person.name, accent_id: 1,
	    assets: [], locale: "de-DE", expires_in: 86400 },
	    ClientType.TEMPORARY));
	step("registered");
	const device = await within("device", wire.api.client.postClient({
		class: ClientClassification.DESKTOP,
		cookie: "webapp@synthetic@temporary@1795423000",
		label: "Dienst-Laptop " + person.host, model: "Chrome",
		type: ClientType.TEMPORARY,
		lastkey: { id: 65535, key: key(65535) },
		prekeys: [{ id: 0, key: key(0) }, { id: 1, key: key(1) }],
	}));
	step("device");
	wire.context.clientId = device.id;
	const link = { key: "aBcDeF0815", code: "SyNtHeTiC" };
	await within("a look", wire.api.conversation.getJoinByCode(link));
	await within("join", wire.api.conversation.postJoinByCode(link));
	step("joined");
	await within("events", new Promise((r) => wire.connect(async () => r())));
	step("listens");
	await within("another name", wire.api.self.putSelf({
	    name: person.name + " (" + person.room + ")", accent_id: 2 }));
	step("has another name");
	const config = await within("relays", wire.api.account.getCallConfig(3));
	step(config.ice_servers.length ? "relays" : "no relays");
	await sleep(1000);
	wire.disconnect("done");
	await within("logout", wire.logout());
	step("logged out");
});

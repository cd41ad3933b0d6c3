// SPDX-License-Identifier: EUPL-1.2
// matrix-js-sdk at a server without a pack of its own (generic): a guest signs in,
// gets the rooms, writes, and calls.
import * as sdk from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger";
import { person, labels, sleep, step, story, until, within }
    from "./harness.js";

const SERVER = "https://matrix.example.org";
const ROOM = "!lage0815:matrix.example.org";

story(async () => {
	logger.setLevel("error");
	const door = sdk.createClient({ baseUrl: SERVER });
	const versions = await within("versions", door.getVersions());
	step("speaks " + versions.versions.at(-1));
	const guest = await within("guest", door.registerGuest({ body: {
		initial_device_display_name: "Element Web (" + person.host + ")",
	} }));
	step("guest");
	const client = sdk.createClient({
		baseUrl: SERVER, userId: guest.user_id,
		accessToken: guest.access_token, deviceId: guest.device_id,
		useAuthorizationHeader: true,
	});
	await within("a name", client.setDisplayName(person.name));
	step("has a name");
	await client.startClient({ initialSyncLimit: 10 });
	await until("rooms", () => client.getRoom(ROOM) &&
	    client.getSyncState() !== null);
	step("rooms");
	await within("typing", client.sendTyping(ROOM, true, 3000));
	const said = await within("a message",
	    client.sendTextMessage(ROOM, "Guten Tag"));
	step("said " + (said.event_id ? "something" : "nothing"));
	await client.setPresence({ presence: "online",
	    status_msg: person.room + ", " + labels.audioinput });
	step("presence");
	await within("a place", client.sendMessage(ROOM, { msgtype: "m.location",
	    body: "Standort", geo_uri: "geo:52.520008,13.404954;u=35" }));
	step("place");
	const call = client.createCall(ROOM);
	call.on("error", () => {});
	call.on("state", (s) => step("call " + s));
	await within("a call", call.placeVideoCall());
	await sleep(3000);
	await within("hang up", Promise.resolve(call.hangup("user_hangup", false)));
	await sleep(500);
	await within("logout", client.logout(true));
	step("logged out");
});

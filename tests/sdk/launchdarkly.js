// SPDX-License-Identifier: EUPL-1.2
// LaunchDarkly, the switches of GoTo and others: an app waits for it before it
// draws its page, and opens a stream for changes.
import * as ld from "launchdarkly-js-client-sdk";
import { person, step, story } from "./harness.js";

story(async () => {
	const client = ld.initialize("65a0synthetic0815env", {
		kind: "multi",
		user: { key: person.device, name: person.name, email: person.mail,
		    ip: person.outside, custom: { zone: person.zone } },
		device: { key: person.host, platform: navigator.platform },
	}, { streaming: true, sendEvents: true, flushInterval: 1000 });
	await client.waitForInitialization(8);
	step("initialized");
	client.on("change", () => {});
	if (typeof client.variation("use-new-lobby", false) === "boolean")
		step("has a value for each flag");
	client.track("joined", { displayName: person.name });
	await client.flush();
	step("flushed");
});

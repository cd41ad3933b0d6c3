// SPDX-License-Identifier: EUPL-1.2
// OneCollector, the telemetry of Teams and of the calling SDK: events with a
// person in them, the answer, and the beacon when the page goes.
import { AppInsightsCore } from "@microsoft/1ds-core-js";
import { PostChannel } from "@microsoft/1ds-post-js";
import { person, labels, step, story, within } from "./harness.js";

story(async () => {
	const core = new AppInsightsCore();
	const post = new PostChannel();
	core.initialize({
		instrumentationKey: "b0c252808e614e949086e019ae1cb300-e0c02060-" +
		    "e3b3-4965-bd7c-415e1a7a9fde-6951",
		endpointUrl: "https://eu-teams.events.data.microsoft.com/OneCollector/1.0/",
		loggingLevelConsole: 2,
	}, [post]);
	step("initialized");
	const sent = new Promise((resolve) => {
		core.addNotificationListener({
			eventsSent: () => resolve("sent"),
			eventsDiscarded: () => resolve("discarded"),
		});
	});
	for (const name of ["scenario", "call_join", "device_list"])
		core.track({
			name,
			data: {
				user_displayName: person.name, userUpn: person.mail,
				UserInfo_TimeZone: person.zone,
				IpAddr: person.address, MicDevice: labels.audioinput,
			},
		});
	core.flush(true);
	step("tracked");
	step("events " + await within("an answer", sent));
	core.track({ name: "app_unload", data: { Mail: person.mail } });
});

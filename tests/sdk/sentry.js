// SPDX-License-Identifier: EUPL-1.2
// Sentry: an exception, a message and a user; the library says whether it was
// accepted.
import * as Sentry from "@sentry/browser";
import { person, labels, step, story } from "./harness.js";

story(async () => {
	Sentry.init({
		dsn: "https://0815synthetic0815synthetic0815sy@o123456.ingest.de.sentry.io/4507",
		release: "meet-web@7.31.2",
		tracesSampleRate: 1.0,
		integrations: [Sentry.browserTracingIntegration()],
	});
	Sentry.setUser({ id: person.device, email: person.mail,
	    username: person.name, ip_address: person.address });
	Sentry.setTag("mic", labels.audioinput);
	Sentry.setContext("zone", { tz: person.zone });
	step("initialized");
	Sentry.captureException(new TypeError("cannot mute " + person.name));
	Sentry.captureMessage("joined " + person.room);
	step("captured");
	if (await Sentry.flush(8000))
		step("flushed");
});

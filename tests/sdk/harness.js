// SPDX-License-Identifier: EUPL-1.2
// What every story has: a person with planted names, devices with planted
// labels, the steps it reached, and how it ended. The runner reads window.sdk.

export const person = {
	name: "Erika Mustermann",
	mail: "erika.mustermann@amt.example.de",
	host: "AMT-NB-0815",
	address: "10.47.11.23",
	outside: "198.51.100.77",
	room: "Referat 3",
	zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
	tracking: "vertrackt-4711",
	device: "geraet-0815-kennung",
};
export const labels = {
	audioinput: "Headset-Mikrofon (Jabra Evolve2 65)",
	audiooutput: "Lautsprecher (Jabra Evolve2 65)",
	videoinput: "Logitech BRIO (046d:085e)",
	audio: "Headset-Mikrofon (Jabra Evolve2 65)",
	video: "Logitech BRIO (046d:085e)",
};

const state = { steps: [], failed: null, done: false };
window.sdk = state;

// The devices of Chromium are fakes with names of their own.
function rename(prototype)
{
	const own = Object.getOwnPropertyDescriptor(prototype, "label");
	Object.defineProperty(prototype, "label", {
		...own,
		get() {
			return own.get.call(this) === "" ? "" : labels[this.kind];
		},
	});
}
rename(MediaDeviceInfo.prototype);
rename(MediaStreamTrack.prototype);
const json = MediaDeviceInfo.prototype.toJSON;
MediaDeviceInfo.prototype.toJSON = function () {
	return { ...json.call(this), label: this.label };
};

// step NAME: the client has reached this point
export function step(name)
{
	if (!state.steps.includes(name))
		state.steps.push(name);
}

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// until CONDITION: its first true value; fails after that many milliseconds
export async function until(what, condition, ms = 15000)
{
	const end = performance.now() + ms;
	for (;;) {
		const value = await condition();
		if (value)
			return value;
		if (performance.now() > end)
			throw new Error("not reached: " + what);
		await sleep(50);
	}
}

// within PROMISE: the same, but it fails when it is not settled in time
export function within(what, promise, ms = 15000)
{
	return Promise.race([promise, sleep(ms).then(() => {
		throw new Error("not reached: " + what);
	})]);
}

// script PATH: load a script as it comes in a package
export function script(path)
{
	return new Promise((resolve, reject) => {
		const s = document.createElement("script");
		s.src = path;
		s.onload = resolve;
		s.onerror = () => reject(new Error("cannot load " + path));
		document.head.append(s);
	});
}

function text(e)
{
	if (e instanceof Error || (e && e.message))
		return e.name + ": " + e.message + "\n" + (e.stack || "");
	try {
		return JSON.stringify(e);
	} catch {
		return String(e);
	}
}

// story FUNCTION: run it
export async function story(run)
{
	try {
		await run();
	} catch (e) {
		state.failed = text(e);
	}
	state.done = true;
}

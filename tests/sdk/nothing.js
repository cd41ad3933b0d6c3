// SPDX-License-Identifier: EUPL-1.2
// In the place of what packages use in Node alone.
module.exports = {};

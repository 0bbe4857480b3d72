// Preloaded into a measured process: writes its peak resident memory (KiB) to file descriptor 3 when it exits.
const { writeSync } = require('node:fs');

require('node:process').on('exit', () => writeSync(3, String(require('node:process').resourceUsage().maxRSS)));

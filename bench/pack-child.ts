/** Packs one folder and prints time and peak memory; a process of its own, so that nothing else is measured. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { sourceArchive } from '../src/convox-api/source-archive.ts';

const [folder = '', archive = ''] = process.argv.slice(2);
const startedAt = performance.now();
await pipeline(sourceArchive({ folder, era: 'standard' }), createWriteStream(archive, { highWaterMark: 1024 * 1024 }));
const seconds = (performance.now() - startedAt) / 1000;
console.log(JSON.stringify({ seconds, rssMb: process.resourceUsage().maxRSS / 1024 }));

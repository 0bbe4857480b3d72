// A plugin of the bundle: leaves out of packages what they load at every start and the command never uses.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const MARK = '\0lean:';

/** Parts of Node.js that packages ask for at their start, and need for what is rare (HTTP/2, programs, threads). */
const LATER = new Set(['child_process', 'http2', 'worker_threads']);

/** What axios has for browsers, fetch and forms: a megabyte of MIME types, and Node.js's whole fetch. */
const NOT_FROM_AXIOS = new Map([
  ['form-data', refusing('FormData')],
  ['./xhr.js', 'export default null;'],
  ['./fetch.js', `export default null; ${refusing('getFetch', 'export ')}`],
]);

function refusing(name, how = 'export default ') {
  return `${how}function ${name}() { throw new Error('${name} of axios is not in the bundle: scripts/lean-packages.mjs'); }`;
}

/** The same module, loaded when something of it is first used. */
function loadedLater(name) {
  const members = Object.keys(require(`node:${name}`)).filter((member) => member !== 'default');
  const getters = members.map((member) => `get ${member}() { return require('node:${name}').${member}; }`);
  return `module.exports = { ${getters.join(', ')} };`;
}

export const leanPackages = {
  name: 'lean-packages',

  resolveId(id, importer = '') {
    if (importer.includes('/node_modules/axios/') && NOT_FROM_AXIOS.has(id)) return `${MARK}axios/${id}`;
    const builtin = id.replace(/^node:/, '');
    if (importer.includes('/node_modules/') && LATER.has(builtin)) return `${MARK}later/${builtin}.cjs`;
    return undefined;
  },

  load(id) {
    if (!id.startsWith(MARK)) return undefined;
    const [, kind, name] = /^\0lean:(axios|later)\/(.+)$/.exec(id);
    const code = kind === 'axios' ? NOT_FROM_AXIOS.get(name) : loadedLater(name.replace(/\.cjs$/, ''));
    return { code, moduleType: 'js' };
  },

  /** To look whether there is a global FormData loads Node.js's fetch. */
  transform(code, id) {
    if (!id.endsWith('/node_modules/axios/lib/utils.js')) return undefined;
    const without = code.replace("typeof G.FormData !== 'undefined' ? G.FormData : undefined", 'undefined');
    if (without === code) throw new Error('axios looks for FormData in another way: see scripts/lean-packages.mjs');
    return without;
  },
};

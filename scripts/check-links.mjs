// Looks at every relative link of every tracked Markdown file: is there such a file, and such a heading in it?
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '');

const broken = files.flatMap((file) => linksOf(file).flatMap((link) => problemOf(file, link)));
for (const problem of broken) console.error(problem);
console.log(`links: ${files.length} files, ${broken.length} broken`);
process.exitCode = broken.length === 0 ? 0 : 1;

/** The text without code, in which brackets mean something else. */
function prose(file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  return text
    .replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\s*$/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, '·'));
}

function linksOf(file) {
  const inline = [...prose(file).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const references = [...prose(file).matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)];
  const images = [...prose(file).matchAll(/<(?:img|a|source)\b[^>]*\b(?:src|href|srcset)="([^"]+)"/g)];
  return [...inline, ...references, ...images].map(([, link]) => link);
}

function problemOf(file, link) {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return []; // the network is not asked
  const [target, anchor] = link.split('#');
  const found = target === '' ? file : path.join(path.dirname(file), decodeURIComponent(target));
  if (!existsSync(path.join(root, found))) return [`${file}: ${link}: no such file`];
  if (anchor === undefined || anchor === '' || statSync(path.join(root, found)).isDirectory() || !found.endsWith('.md'))
    return [];
  return anchorsOf(found).has(anchor) ? [] : [`${file}: ${link}: no such heading`];
}

/** The anchors of a file's headings, as GitHub makes them. */
function anchorsOf(file) {
  const anchors = new Set();
  const text = readFileSync(path.join(root, file), 'utf8').replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\s*$/gm, '');
  for (const [, heading] of text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let unique = slug;
    for (let count = 1; anchors.has(unique); count += 1) unique = `${slug}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

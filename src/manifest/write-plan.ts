import { MigrationError } from '../errors.ts';
import type { Conversion } from './convert-types.ts';
import { summarize } from './findings-table.ts';

/** How to put a file in place so that it is either the old one or the whole new one at any moment. */
export interface WritePlan {
  readonly action: 'create' | 'replace' | 'unchanged';
  readonly path: string;
  /** Write here first (exclusively), flush to disk, then rename to `path` and flush the folder. */
  readonly temporaryPath: string;
  readonly text: string;
}

export interface WriteRequest {
  readonly path: string;
  readonly text: string;
  /** The text that is there now; undefined if there is no file. */
  readonly existing: string | undefined;
  /** True if a file that differs may be replaced. */
  readonly mayReplace: boolean;
}

/**
 * Says how a manifest or answers file is written; nothing is written here.
 *
 * @throws {MigrationError} `FILE_EXISTS` if another text is there and may not be replaced.
 */
export function planManifestWrite({ path, text, existing, mayReplace }: WriteRequest): WritePlan {
  const temporaryPath = `${path}.gen2-new`;
  if (existing === undefined) return { action: 'create', path, temporaryPath, text };
  if (existing === text) return { action: 'unchanged', path, temporaryPath, text };
  if (mayReplace) return { action: 'replace', path, temporaryPath, text };
  throw new MigrationError('FILE_EXISTS', `${path} exists and differs from what would be written`, {
    hint: 'Compare the two, then repeat with --force, or choose another file with -o.',
    details: { path },
  });
}

/**
 * The manifest of a conversion.
 *
 * @throws {MigrationError} `MANIFEST_INVALID` if the file could not be read, `MANIFEST_UNCONVERTIBLE` if a blocker
 *   stands in the way; `details.codes` names the findings.
 */
export function requireManifest({ manifest, findings, accounting }: Conversion): string {
  if (manifest !== undefined) return manifest;
  const blockers = findings.filter(({ severity }) => severity === 'blocker');
  const [first] = blockers;
  const code = accounting.length === 0 ? 'MANIFEST_INVALID' : 'MANIFEST_UNCONVERTIBLE';
  const where = first?.line === undefined ? '' : ` (${first.file ?? 'manifest'}:${first.line})`;
  throw new MigrationError(
    code,
    `The manifest cannot be converted: ${summarize(blockers)}. ${first?.message ?? ''}${where}`,
    {
      hint: first?.hint ?? 'See the findings.',
      details: { codes: [...new Set(blockers.map((finding) => finding.code))] },
    },
  );
}

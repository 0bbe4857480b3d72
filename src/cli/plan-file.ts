import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import * as z from 'zod';
import { MigrationError } from '../errors.ts';
import { basisOf, sha256, type ApprovedPlan, type PlanBasis } from '../orchestrator/plan-basis.ts';
import type { MigrationSettings, Plan } from '../orchestrator/plan.ts';

/** Raised when the form changes; another one is refused. */
const FORM = 1;

/** What `gen2 plan -o plan.json` writes: the plan, what it was asked for, and what it saw. */
export interface PlanFile {
  readonly form: typeof FORM;
  /** SHA-256 of `settings`, `basis` and `madeAt`: the file as it was written, or none. */
  readonly fingerprint: string;
  readonly madeAt: string;
  /** The source folder is told as seen from the file. */
  readonly settings: MigrationSettings;
  /** Null while blockers keep the plan from being finished. */
  readonly basis: PlanBasis | null;
  readonly plan: Plan;
}

const fileSchema = z.object({
  form: z.literal(FORM),
  fingerprint: z.string(),
  madeAt: z.iso.datetime(),
  settings: z.looseObject({ app: z.string(), sourceFolder: z.string() }),
  basis: z.record(z.string(), z.string()).nullable(),
});

/** Puts a plan into the form of its file. */
export function planFile(
  plan: Plan,
  { settings, path, nowMs }: { readonly settings: MigrationSettings; readonly path: string; readonly nowMs: number },
): PlanFile {
  const asked = { ...settings, tlsNotice: undefined, approvedPlan: undefined };
  const content = {
    settings: { ...asked, sourceFolder: relative(dirname(path), settings.sourceFolder) || '.' },
    basis: plan.assessment === undefined ? null : basisOf(plan.assessment, plan.findings),
    madeAt: new Date(nowMs).toISOString(),
  };
  return { form: FORM, fingerprint: fingerprintOf(content), ...content, plan };
}

/**
 * Reads the plan somebody agreed to: what it was asked for and what it saw.
 *
 * @throws {MigrationError} `PLAN_INVALID` when it is no such file or was changed by hand, `PLAN_BLOCKED` when it has
 * blockers.
 */
export async function readPlanFile(
  path: string,
): Promise<{ readonly settings: MigrationSettings; readonly approved: ApprovedPlan }> {
  const { fingerprint, settings, basis, madeAt } = await parsePlanFile(path);
  if (fingerprint !== fingerprintOf({ settings, basis, madeAt })) {
    throw new MigrationError('PLAN_INVALID', `${path} is not as \`gen2 plan\` wrote it`, {
      hint: 'A plan cannot be edited. Plan again with the options you want.',
    });
  }
  if (basis === null) {
    throw new MigrationError('PLAN_BLOCKED', `${path}: the plan has blockers`, {
      hint: 'Mend what it names, and plan again.',
    });
  }
  // Written by `planFile` from MigrationSettings; the fingerprint proves that nobody changed it since.
  const asked = { ...settings, sourceFolder: resolve(dirname(path), settings.sourceFolder) } as MigrationSettings;
  return { settings: asked, approved: { basis, fingerprint, madeAt: Date.parse(madeAt) } };
}

async function parsePlanFile(path: string): Promise<z.infer<typeof fileSchema>> {
  let data: unknown;
  try {
    data = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no JSON';
    throw new MigrationError('PLAN_INVALID', `${path}: the plan cannot be read (${code})`, { hint: HINT });
  }
  const parsed = fileSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new MigrationError('PLAN_INVALID', `${path} is no plan that this version of gen2 can use (at ${where})`, {
    hint: HINT,
  });
}

const HINT = 'Write one with `gen2 plan <app> -o plan.json`.';

/** Independent of how the JSON was laid out. */
function fingerprintOf(content: {
  readonly settings: object;
  readonly basis: PlanBasis | null;
  readonly madeAt: string;
}): string {
  const { settings, basis, madeAt } = content;
  return sha256(JSON.stringify([sorted(settings), basis === null ? null : sorted(basis), madeAt]));
}

function sorted(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value)
    .filter(([, held]) => held !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

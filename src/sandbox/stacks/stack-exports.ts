import type { StackTemplate } from '../model/stacks.ts';
import type { World } from '../world.ts';
import type { StackRecord } from './stack-record.ts';

/** Exports of all stacks that exist: who offers a name and who uses it. */
export class StackExports {
  readonly #records: () => Iterable<StackRecord>;

  constructor(records: () => Iterable<StackRecord>) {
    this.#records = records;
  }

  /** A name that the template imports and nobody exports. */
  missing(template: StackTemplate): string | undefined {
    const offered = new Set<string>();
    for (const { stack } of this.#records()) {
      for (const { exportName } of stack.outputs) if (exportName !== undefined) offered.add(exportName);
    }
    return template.imports?.find((name) => !offered.has(name));
  }

  /** Why the stack cannot go, if another one uses one of its exports. */
  importerOf(record: StackRecord): string | undefined {
    return this.#inUse(
      record,
      record.stack.outputs.flatMap(({ exportName }) => exportName ?? []),
    );
  }

  /** Why an update to `template` cannot stay, if it drops an export that another stack uses. */
  lostIn(record: StackRecord, template: StackTemplate): string | undefined {
    const kept = new Set(template.outputs(record.ref).map(({ exportName }) => exportName));
    const lost = record.stack.outputs.flatMap(({ exportName }) => exportName ?? []).filter((name) => !kept.has(name));
    return this.#inUse(record, lost);
  }

  #inUse(record: StackRecord, names: readonly string[]): string | undefined {
    for (const name of names) {
      for (const other of this.#records()) {
        if (other !== record && other.template.imports?.includes(name) === true) {
          return `Export ${name} cannot be deleted as it is in use by ${other.stack.name}`;
        }
      }
    }
    return undefined;
  }
}

/** Value of another stack's export (Fn::ImportValue); '' when nobody exports the name, which `imports` guards against. */
export function importValue(world: World, name: string): string {
  for (const stack of world.cloudFormation.list()) {
    const output = stack.outputs.find(({ exportName }) => exportName === name);
    if (output !== undefined) return output.value;
  }
  return '';
}

import fc from 'fast-check';
import { isMap, isScalar, isSeq, LineCounter, parse, parseDocument, visit } from 'yaml';
import { describe, expect, it } from 'vitest';
import { convertManifest } from '../../src/manifest/convert.ts';
import type { Conversion, ConvertOptions } from '../../src/manifest/convert-types.ts';
import { DraftMap } from '../../src/manifest/draft.ts';
import { checkGen2Manifest } from '../../src/manifest/gen2-check.ts';
import { readGen2Manifest } from '../../src/manifest/gen2-reader.ts';
import { interpolateGen2 } from '../../src/manifest/interpolate-gen2.ts';
import { EditedText } from '../../src/manifest/source-text.ts';
import { childPath } from '../../src/manifest/yaml-tree.ts';
import { writeManifest } from '../../src/manifest/writer.ts';
import { gen1Environment, gen2Environment } from './support/environment-model.ts';
import { anyApp } from './support/generated-app.ts';
import type { ModelApp } from './support/generated-app.ts';

/** PROPERTY_RUNS=2000 looks longer; random seeds make each run a new look anyway. */
const RUNS = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100) };

function optionsOf(app: ModelApp, answers: Readonly<Record<string, string>>): ConvertOptions {
  return {
    compose: app.compose,
    rack: { version: app.rack, internal: true },
    app: {
      name: 'shop',
      ...(app.isEnvKnown ? { envNames: [...app.env.keys()] } : {}),
      parameters: { Internal: app.isAllInternal ? 'Yes' : 'No' },
    },
    domains: app.domains,
    answers,
  };
}

/** Answers every open question with its first, second, … option, as an operator would, until none is left. */
function convertWithAnswers(
  app: ModelApp,
  choice: number,
): { conversion: Conversion; answers: Readonly<Record<string, string>> } {
  let answers: Record<string, string> = {};
  for (let round = 0; ; round += 1) {
    const conversion = convertManifest(optionsOf(app, answers));
    const open = conversion.decisions.filter(({ chosen }) => chosen === undefined);
    if (open.length === 0 || round > 5) return { conversion, answers };
    for (const { id, options } of open) answers = { ...answers, [id]: options?.[choice % options.length] ?? 'bin/run' };
  }
}

/** Names the answers promise to the app environment. */
function promised(answers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(answers).flatMap(([id, answer]) => {
    if (answer !== 'in-app-env') return [];
    const last = id.split('.').at(-1)!;
    return [id.includes('.link.') ? `${last.toUpperCase().replaceAll('-', '_')}_URL` : last];
  });
}

/** Every key and list item of a YAML text, found by another walk than the converter's. */
function keysOf(text: string): readonly string[] {
  const lines = new LineCounter();
  const found: string[] = [];
  const add = (path: string, offset: number): void => {
    const { line, col } = lines.linePos(offset);
    found.push(`${line}:${col} ${path}`);
  };
  const walk = (node: unknown, path: string): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (!isScalar(key)) throw new Error('the generator makes plain keys');
        const child = childPath(path, String(key.source ?? key.value));
        add(child, key.range![0]);
        walk(value, child);
      }
    }
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        add(`${path}[${index}]`, (item as { range: [number, number, number] }).range[0]);
        walk(item, `${path}[${index}]`);
      }
    }
  };
  walk(parseDocument(text, { lineCounter: lines }).contents, '');
  return found.toSorted();
}

describe('any generation 1 manifest', () => {
  it('has each of its keys in the accounting exactly once', () => {
    fc.assert(
      fc.property(anyApp, (app) => {
        const { accounting, findings } = convertManifest(optionsOf(app, {}));

        expect(findings.filter(({ code }) => code === 'unaccounted-key' || code === 'parse-error')).toEqual([]);
        expect(accounting.map(({ path, line, column }) => `${line}:${column} ${path}`).toSorted()).toEqual(
          keysOf(app.compose),
        );
      }),
      RUNS,
    );
  });

  it('has a key waiting for a decision only if a blocker waits for it too', () => {
    fc.assert(
      fc.property(anyApp, (app) => {
        const { accounting, findings } = convertManifest(optionsOf(app, {}));

        const isWaiting = accounting.some(({ disposition }) => disposition === 'decision');
        if (isWaiting) expect(findings.some(({ severity }) => severity === 'blocker')).toBe(true);
      }),
      RUNS,
    );
  });

  it('becomes a manifest that the checker accepts for the rack, once the questions are answered', () => {
    let converted = 0;
    fc.assert(
      fc.property(anyApp, fc.nat(3), (app, choice) => {
        const { conversion, answers } = convertWithAnswers(app, choice);
        if (conversion.manifest === undefined) return;
        converted += 1;

        const env = app.isEnvKnown
          ? { env: new Set([...app.env.keys(), ...Object.keys(conversion.domainValues), ...promised(answers)]) }
          : {};
        const read = readGen2Manifest(conversion.manifest, { rackVersion: app.rack, ...env });
        const checked =
          read.manifest === undefined ? [] : checkGen2Manifest(read.manifest, { rackVersion: app.rack, ...env });

        expect(read.manifest).toBeDefined();
        expect([...read.findings, ...checked].filter(({ severity }) => severity === 'blocker')).toEqual([]);
      }),
      RUNS,
    );
    // Most generated apps must get this far, or the property says nothing.
    expect(converted).toBeGreaterThan(RUNS.numRuns / 2);
  });

  it('gives the same bytes twice, and whatever the order in which the environment comes', () => {
    fc.assert(
      fc.property(anyApp, fc.nat(3), (app, choice) => {
        const { conversion, answers } = convertWithAnswers(app, choice);
        const reversed = { ...app, env: new Map([...app.env].toReversed()) };

        expect(convertManifest(optionsOf(app, answers))).toEqual(conversion);
        expect(convertManifest(optionsOf(reversed, answers)).manifest).toBe(conversion.manifest);
      }),
      RUNS,
    );
  });

  it('is read alike by every YAML reader after the conversion', () => {
    fc.assert(
      fc.property(anyApp, fc.nat(3), (app, choice) => {
        const { manifest } = convertWithAnswers(app, choice).conversion;
        if (manifest === undefined) return;

        // "." is the usual path of a build, and text to yaml.v2; the library's YAML 1.1 takes it for a number.
        const text = manifest.replaceAll(/: \.$/gm, ': ./');
        expect(parse(text, { version: '1.1' })).toEqual(parse(text, { version: '1.2' }));
        const shapes = new Set<string>();
        visit(parseDocument(manifest), {
          Alias: () => {
            shapes.add('alias');
          },
          Collection: (_, { flow }) => {
            if (flow === true) shapes.add('flow style');
          },
        });
        expect([...shapes]).toEqual([]);
      }),
      RUNS,
    );
  });

  it('gives each service the environment it had, or says which variable differs', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyApp, fc.nat(3), (app, choice) => {
        const { conversion, answers } = convertWithAnswers(app, choice);
        if (conversion.manifest === undefined) return;
        const appEnv = new Map([
          ...app.env,
          ...Object.entries(conversion.domainValues),
          ...promised(answers).map((name) => [name, 'promised'] as const),
        ]);
        for (const service of app.services) {
          const name = conversion.decisions.find(({ id }) => id === `${service.name}.name`)?.chosen ?? service.name;
          if (!(name in (parse(conversion.manifest) as { services: object }).services)) continue;
          const old = gen1Environment(app, service);
          const fresh = gen2Environment(conversion.manifest, name, appEnv, app.rack);
          compared += 1;

          // A missing required variable fails the build loudly; it may happen only if the names are not known.
          if (fresh === undefined) {
            expect(app.isEnvKnown).toBe(false);
            continue;
          }
          const isAllUnknown = answers['environment'] === 'declared-only';
          const everybodys = new Set([...promised(answers), ...Object.keys(conversion.domainValues)]);
          for (const variable of new Set([...old.keys(), ...fresh.keys()])) {
            if (old.get(variable) === fresh.get(variable) || (isAllUnknown && app.env.has(variable))) continue;
            const said = conversion.findings.filter(
              (finding) =>
                everybodys.has(variable) ||
                finding.service === undefined ||
                finding.service === service.name ||
                service.links.includes(finding.service),
            );
            const isNamed = said.some(({ message, hint }) =>
              new RegExp(`(?<!\\w)${variable}(?!\\w)`).test(`${message} ${hint}`),
            );
            const isSecure = said.some(({ code, service: about }) => code === 'env-secure' && about === service.name);
            expect(
              isNamed || isSecure,
              `${variable} of ${service.name}: ${String(old.get(variable))} -> ${String(fresh.get(variable))}`,
            ).toBe(true);
          }
        }
      }),
      RUNS,
    );
    expect(compared).toBeGreaterThan(RUNS.numRuns / 2);
  });

  it('keeps public public and internal internal, or says what becomes of the ports', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyApp, fc.nat(3), (app, choice) => {
        const { conversion } = convertWithAnswers(app, choice);
        if (conversion.manifest === undefined) return;
        const { services } = parse(conversion.manifest) as {
          services: Record<string, { port?: unknown; internal?: boolean; nlb?: { scheme: string }[] }>;
        };
        for (const service of app.services) {
          const tcp = service.ports.filter(({ isUdp }) => !isUdp);
          const hadBalancer =
            tcp.length > 0 && !service.labels.some(([name, value]) => name === 'convox.balancer' && value === 'false');
          const wasInternal = tcp.some(({ isPair }) => !isPair) || app.isAllInternal;
          const name = conversion.decisions.find(({ id }) => id === `${service.name}.name`)?.chosen ?? service.name;
          const fresh = services[name];
          const isSaid = conversion.findings.some(
            (finding) => finding.service === service.name && finding.severity !== 'info',
          );
          if (fresh === undefined || (fresh.port === undefined && fresh.nlb === undefined)) {
            if (hadBalancer) expect(isSaid, `${service.name} lost its ports without a word`).toBe(true);
            continue;
          }
          compared += 1;
          const isInternal =
            fresh.internal === true || fresh.nlb?.every(({ scheme }) => scheme === 'internal') === true;
          expect(hadBalancer).toBe(true);
          expect(isInternal).toBe(wasInternal);
        }
      }),
      RUNS,
    );
    expect(compared).toBeGreaterThan(RUNS.numRuns / 4);
  });
});

describe('the writer', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }).map((raw) => raw.replaceAll(/[\uE000-\uE002\uD800-\uDFFF]/g, '?')),
    fc.string({
      unit: fc.constantFrom(
        '$',
        '{',
        '}',
        'A',
        '\n',
        ' ',
        ':',
        '#',
        '"',
        "'",
        '\\',
        '-',
        '\t',
        '\r',
        '\u2028',
        '\u0085',
        '~',
        '0',
        '*',
        '|',
        '>',
      ),
      maxLength: 12,
    }),
  );

  it('keeps any text through interpolation and parsing, whatever the app environment holds', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (items, other) => {
        const fields = new DraftMap().set('command', other).set('environment', items);

        const written = writeManifest({
          services: [{ name: 'web', fields }],
          timers: new DraftMap(),
          resources: new DraftMap(),
        });
        const { edits } = interpolateGen2(
          written,
          new Map([
            ['A', 'INTERPOLATED'],
            ['', 'INTERPOLATED'],
          ]),
        );
        const loaded = parse(new EditedText(written, edits).text, { version: '1.1' }) as { services: { web: unknown } };

        expect(loaded.services.web).toEqual({ command: other, environment: items });
      }),
      { numRuns: 1000 },
    );
  });
});

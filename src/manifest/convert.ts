import type { AccountingEntry } from './accounting.ts';
import { convertBuild } from './convert-build.ts';
import { convertCommand } from './convert-command.ts';
import { convertDomains } from './convert-domains.ts';
import type { DomainResult } from './convert-domains.ts';
import { convertEnvironment, reportAppEnvironment } from './convert-environment.ts';
import { convertHealth } from './convert-health.ts';
import { convertLabels } from './convert-labels.ts';
import { convertLinks, reportCircularLinks } from './convert-links.ts';
import { convertPorts } from './convert-ports.ts';
import { convertRuntime } from './convert-runtime.ts';
import { planServices } from './convert-services.ts';
import { convertTimers } from './convert-timers.ts';
import type { Conversion, ConvertOptions, TargetRack } from './convert-types.ts';
import { reportManifestKeys, reportParameters, settleInterpolation } from './convert-outside.ts';
import { variableReference } from './draft.ts';
import { FindingList, sortFindings } from './finding.ts';
import type { Finding } from './finding.ts';
import { checkGen2Manifest } from './gen2-check.ts';
import { readGen2Manifest } from './gen2-reader.ts';
import { GEN1_FILE, readGen1Manifest } from './gen1-reader.ts';
import { isRackVersion, NEWEST_RACK, supports } from './rack-features.ts';
import { Workspace } from './workspace.ts';
import { writeManifest } from './writer.ts';

/**
 * Converts a docker-compose.yml to the convox.yml that does the same on the stated rack, for the app that runs.
 *
 * Every key of the input is accounted for, every difference is a finding, and what cannot be known is a question: with
 * an answer it is settled, else by a safe default (severity `choice`), else it blocks and no manifest is given. Pure:
 * the same input gives the same bytes. Throws nothing on bad input; that is findings too.
 */
export function convertManifest(options: ConvertOptions): Conversion {
  const file = options.file ?? GEN1_FILE;
  const answers = options.answers ?? {};
  const read = readGen1Manifest(options.compose, { file, replacement: (name) => replacementOf(name, answers) });
  const findings = new FindingList(file);
  const rack = chooseRack(options.rack, findings);
  if (read.manifest === undefined || findings.blocks()) {
    return emptyConversion(sortFindings([...read.findings, ...findings.list()]));
  }
  const work = new Workspace(read.manifest, rack, options, findings);
  const domains = convertAll(work);
  const accounting = account(work);
  const text = findings.blocks() ? undefined : draftText(work);
  const written = text === undefined ? [] : reread(work, text);
  const all = sortFindings([...read.findings, ...findings.list(), ...written]);
  const isBlocked = all.some(({ severity }) => severity === 'blocker');
  return {
    manifest: isBlocked ? undefined : text,
    findings: all,
    accounting,
    decisions: work.decisions.list(),
    domainVariables: domains.variables,
    domainValues: domains.values,
  };
}

/** Every topic in the order in which they need each other. */
function convertAll(work: Workspace): DomainResult {
  settleInterpolation(work);
  reportManifestKeys(work);
  reportAppEnvironment(work);
  work.setPlans(planServices(work));
  const kept = work.plans.filter((plan) => plan.fate === 'service');
  if (kept.length === 0) {
    const message = 'No service of the manifest is left in generation 2.';
    work.say('blocker', 'validation-error', { message, hint: 'There is nothing to deploy.' });
  }
  for (const plan of kept) {
    convertBuild(work, plan);
    convertCommand(work, plan);
    convertPorts(work, plan);
    convertHealth(work, plan);
    convertRuntime(work, plan);
    convertLabels(work, plan);
  }
  for (const plan of kept) convertLinks(work, plan);
  for (const plan of kept) convertEnvironment(work, plan);
  convertTimers(work);
  reportCircularLinks(work);
  const domains = convertDomains(work);
  reportParameters(work);
  work.decisions.reportUnused();
  return domains;
}

function replacementOf(name: string, answers: Readonly<Record<string, string>>): string {
  const id = `interpolation.${name}`;
  const answer = Object.hasOwn(answers, id) ? answers[id] : undefined;
  if (answer === 'literal') return `$${name}`;
  return answer === 'app-env' ? variableReference(name) : '';
}

function chooseRack(rack: TargetRack | undefined, findings: FindingList): TargetRack {
  if (rack === undefined) {
    const message = `No rack version was given; the newest known, ${NEWEST_RACK}, is assumed.`;
    findings.add('choice', 'rack-version', {
      message,
      hint: 'Give the version of the rack: older racks lack features.',
    });
    return { version: NEWEST_RACK };
  }
  if (!isRackVersion(rack.version)) {
    const message = `${rack.version.slice(0, 40)} is not a rack version.`;
    findings.add('blocker', 'rack-version', { message, hint: 'Rack versions are timestamps such as 20171213132441.' });
  } else if (!supports(rack.version, 'generation2')) {
    const message = `Rack ${rack.version} has no generation 2.`;
    findings.add('blocker', 'rack-version', { message, hint: 'Update the rack to 20171102200537 or later.' });
  }
  return rack;
}

function emptyConversion(findings: readonly Finding[]): Conversion {
  return { manifest: undefined, findings, accounting: [], decisions: [], domainVariables: {}, domainValues: {} };
}

function account(work: Workspace): readonly AccountingEntry[] {
  const { entries, unmarked } = work.ledger.account(work.manifest.root);
  for (const at of unmarked) {
    work.say('blocker', 'unaccounted-key', {
      at,
      message: `The converter does not know what to do with ${at.path}.`,
      hint: 'This is a defect: please report it with the manifest.',
    });
  }
  return entries;
}

function draftText(work: Workspace): string {
  const services = work.plans
    .filter((plan) => plan.fate === 'service')
    .map((plan) => ({ name: plan.name, fields: plan.fields }));
  const text = writeManifest({ services, timers: work.timers, resources: work.resources });
  if (text.includes('\\x24{')) {
    const message =
      'Text holds "${" that is not meant as a variable; it is written as \\x24{ in double quotes, which racks leave alone.';
    work.say('info', 'interpolation-changed', { message, hint: 'Keep the escape when editing the file.' });
  }
  return text;
}

/** Reads what was written with the rules of the target rack; a blocker there is a defect here, and nothing is given. */
function reread(work: Workspace, text: string): readonly Finding[] {
  const env = work.envNames === undefined ? undefined : new Set([...work.envNames, ...work.promisedVariables]);
  const options = { rackVersion: work.rack.version, ...(env === undefined ? {} : { env }) };
  const { manifest, findings } = readGen2Manifest(text, options);
  const checked = manifest === undefined ? [] : checkGen2Manifest(manifest, options);
  return [...findings, ...checked].filter(({ severity }) => severity === 'blocker');
}

import { FINDING_CODES, sortFindings } from './finding.ts';
import type { Finding, Severity } from './finding.ts';

const LEVELS: Readonly<Record<Severity, 'note' | 'warning' | 'error'>> = {
  info: 'note',
  change: 'note',
  choice: 'warning',
  blocker: 'error',
};

/**
 * Renders findings as SARIF 2.1.0 (OASIS "Static Analysis Results Interchange Format"), one rule a code, so that code
 * hosts show them at their lines.
 */
export function renderSarif(findings: readonly Finding[], toolVersion: string): string {
  const codes = [...new Set(findings.map(({ code }) => code))].toSorted();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'convox-gen2',
            version: toolVersion,
            rules: codes.map((code) => ({ id: code, shortDescription: { text: FINDING_CODES[code] } })),
          },
        },
        results: sortFindings(findings).map((finding) => ({
          ruleId: finding.code,
          ruleIndex: codes.indexOf(finding.code),
          level: LEVELS[finding.severity],
          message: { text: `${finding.message} ${finding.hint}` },
          ...(finding.file === undefined ? {} : { locations: [location(finding, finding.file)] }),
          properties: {
            severity: finding.severity,
            ...(finding.service === undefined ? {} : { service: finding.service }),
            ...(finding.decision === undefined ? {} : { decision: finding.decision }),
          },
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function location({ line, column }: Finding, file: string): object {
  const uri = file.split('/').map(encodeURIComponent).join('/');
  const region =
    line === undefined ? {} : { region: { startLine: line, ...(column === undefined ? {} : { startColumn: column }) } };
  return { physicalLocation: { artifactLocation: { uri }, ...region } };
}

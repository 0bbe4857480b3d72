import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildReport, type Report } from '../../src/cli/report/report.ts';
import { reportHtml } from '../../src/cli/report/html/report-html.ts';
import { at, started } from '../cli/support/events.ts';
import { view } from '../cli/support/views.ts';
import { hasChromium, startChromium, type Browser } from './chromium.ts';

/** What the functions use that run in the page. */
declare const document: {
  readonly documentElement: { readonly scrollWidth: number };
  readonly body: object;
  querySelectorAll(selector: 'details'): Iterable<{ open: boolean }>;
};
declare const innerWidth: number;
declare const axe: { run(): Promise<AxeResults> };
declare function getComputedStyle(element: object): { readonly backgroundColor: string };

/** What `gen2 rehearse` reported, recorded: 24 steps, traffic on three apps, mails, two gates. */
const REHEARSED = JSON.parse(
  await readFile(new URL('rehearsal.report.json', import.meta.url), 'utf8'),
) as unknown as Report;

const HOSTILE = '<img src=x onerror=alert(1)>"\'&<script>throw 1</script>';

const REPORTS: readonly (readonly [what: string, report: Report])[] = [
  ['a rehearsal from first to last', REHEARSED],
  [
    'one that failed and was rolled back',
    buildReport(
      view(
        [
          started('create-temporary-app', 0),
          at(5, { type: 'gate-opened', gate: 'approve-cutover', title: 'Move the traffic', shows: ['a → b'] } as const),
          at(500, { type: 'gate-answered', gate: 'approve-cutover', approved: true, by: 'ann' } as const),
          started('confirm-traffic', 510),
          at(600, {
            type: 'traffic',
            step: 'confirm-traffic',
            app: 'shop-gen2',
            minutes: [
              { at: Date.UTC(2026, 0, 5, 9, 8), newRequests: 50, newErrors: 20, oldRequests: 30, oldErrors: 0 },
              { at: Date.UTC(2026, 0, 5, 9, 9), newRequests: 90, newErrors: 40, oldRequests: 2, oldErrors: 1 },
            ],
          } as const),
          at(600, {
            type: 'step-failed',
            step: 'confirm-traffic',
            code: 'TRAFFIC_OUT_OF_BOUNDS',
            message: 'more than 1 % of requests fail',
          } as const),
          at(601, { type: 'undo-started', step: 'switch-records', title: 'Switch the records' } as const),
          at(660, { type: 'undo-finished', step: 'switch-records' } as const),
        ],
        { outcome: 'rolled-back' },
      ),
    ),
  ],
  ['one that died before it had looked at anything', buildReport(view([], { results: new Map() }))],
  [
    'one whose names are markup',
    buildReport(view([{ ...started('build', 0), title: HOSTILE, says: HOSTILE } as never], { app: HOSTILE })),
  ],
];

const POLICY = /<meta\s+http-equiv="Content-Security-Policy"[^>]*>/;
const AXE = fileURLToPath(import.meta.resolve('axe-core'));

const WIDTHS = [
  ['desktop', 1280],
  ['phone', 390],
] as const;

describe.skipIf(!hasChromium())('the report in a browser', () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    browser = await startChromium();
    folder = await mkdtemp(join(tmpdir(), 'gen2-report-'));
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Opened {
    readonly page: Page;
    /** What the console and the page's own scripts complained of. */
    readonly complaints: readonly string[];
    readonly requests: readonly string[];
  }

  interface How {
    readonly colours?: 'light' | 'dark';
    /** The page's own policy forbids every script, the auditor's too: `none` takes it off. */
    readonly policy?: 'own' | 'none';
  }

  async function open(report: Report, width: number, { colours = 'light', policy = 'own' }: How = {}): Promise<Opened> {
    const file = join(folder, 'report.html');
    const markup = reportHtml(report);
    expect(markup).toMatch(POLICY);
    await writeFile(file, policy === 'own' ? markup : markup.replace(POLICY, ''));
    const page = await browser.context.newPage();
    const [complaints, requests]: [string[], string[]] = [[], []];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: colours });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, requests };
  }

  describe.each(REPORTS)('of %s', (what, report) => {
    test.each(WIDTHS)('renders on a %s without a complaint, a request, or a sideways scroll', async (device, width) => {
      for (const colours of ['light', 'dark'] as const) {
        const { page, complaints, requests } = await open(report, width, { colours });

        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        const shot = await page.screenshot({ fullPage: true });

        expect(complaints).toEqual([]);
        expect(requests.filter((url) => !url.startsWith('data:'))).toHaveLength(1);
        expect(overflow).toBeLessThanOrEqual(0);
        expect(await page.locator('h1').isVisible()).toBe(true);
        await keep(`${what}-${device}-${colours}`, shot);
        // The one in the README.
        if (report === REHEARSED && device === 'desktop') await keep(`report-${colours}`, await page.screenshot());
        await page.close();
      }
    });

    test('can be used by everybody: names, contrast, structure', async () => {
      for (const colours of ['light', 'dark'] as const) {
        const { page } = await open(report, 1280, { colours, policy: 'none' });
        await page.evaluate(() => {
          for (const one of document.querySelectorAll('details')) one.open = true;
        });
        await page.addScriptTag({ path: AXE });

        const { violations, passes } = await page.evaluate(() => axe.run());

        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
        expect(passes.map(({ id }) => id)).toContain('color-contrast');
        await page.close();
      }
    });
  });

  test('names every step and tells what its chart shows', async () => {
    const { page } = await open(REHEARSED, 1280);

    const chart = page.getByRole('img', { name: /requests at shop, generation 1.*requests at shop-gen2/ });
    const steps = page.locator('.timeline > li');

    expect(await chart.count()).toBe(1);
    expect(await steps.count()).toBe(REHEARSED.steps.length + REHEARSED.gates.length);
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
      'Traffic',
      'Timeline',
      'DNS, before and after',
      'Decisions',
      'Deleted with the old app',
      'Cost',
    ]);
    await page.close();
  });

  test('shows names that are markup as they are', async () => {
    const { page } = await open(REPORTS[3]![1], 1280);

    expect(await page.locator('h1').textContent()).toContain(HOSTILE);
    expect(await page.locator('img, script').count()).toBe(0);
    await page.close();
  });

  test('goes on paper in light colours, whole', async () => {
    const { page } = await open(REHEARSED, 1280, { colours: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });

    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const pdf = await page.pdf({ format: 'A4' });

    expect(paper).toBe('rgb(255, 255, 255)');
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.close();
  });
});

/** Leaves a picture for people where GEN2_SCREENSHOTS names a folder. */
async function keep(name: string, picture: Buffer): Promise<void> {
  const folder = process.env['GEN2_SCREENSHOTS'];
  if (folder === undefined || folder === '') return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name.replaceAll(' ', '-')}.png`), picture);
}

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';

/** Where Debian's package puts it. */
const EXECUTABLE = '/usr/bin/chromium';

/** No background traffic, no first-run pages, no sandbox of its own: CI runs as root in a container. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * False where there is no Chromium and nobody insists on one. CI sets GEN2_REQUIRE_CHROMIUM (.ci/run): there the tests
 * fail rather than be left out.
 */
export function hasChromium(): boolean {
  return existsSync(EXECUTABLE) || (process.env['GEN2_REQUIRE_CHROMIUM'] ?? '') !== '';
}

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** The system's own Chromium with an empty profile. */
export async function startChromium(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'gen2-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    args: [...FLAGS],
    headless: true,
  });
  return {
    context,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

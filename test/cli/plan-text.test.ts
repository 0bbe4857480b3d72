import { describe, expect, test } from 'vitest';
import { planMarkdown } from '../../src/cli/output/plan-markdown.ts';
import { planText } from '../../src/cli/output/plan-text.ts';
import { styleFor } from '../../src/cli/output/style.ts';
import { PLAN } from './support/plans.ts';
import { Written } from './support/test-shell.ts';

const style = styleFor(new Written(), {});

describe('a plan as text', () => {
  test('has findings first, the worst on top, then steps, records, certificates, losses, cost', () => {
    const text = planText(PLAN, { style, width: 80 });

    expect(text).toBe(`Plan for shop on rack convox (version 20171213132441)

Findings: 1 blocker, 1 warning
  blocker app-locked
    app shop is locked
    do: Unlock it
  warning env-process web:3
    PROCESS is gone
    do: Look for it

Steps: about 5 min, waits for people not counted
  prepare
    · Build (~3 min)
        build shop-gen2
    = Update the rack (nothing to do)
        it stays
  commit
    ? Delete the old app (asks a person)
    · Delete it (~2 min, no way back)
        delete shop

DNS, before → after
  shop.example.com A
    - alias old.elb
    + alias new.elb
  ! the record of www has a health check

Certificates
  web: shop.example.com: by mail: somebody must follow the link in it
    shop.example.com: mails to admin@example.com
    ! a CAA record forbids it

Destroyed by commit
  - app shop
  - classic ELB shop-web

Cost: $43.80 a month before, $16.43 after (list prices of us-east-1, 2026)
  one balancer instead of two

Not possible yet: 1 blocker above. Nothing was changed.
`);
  });

  test('without blockers says how to begin', () => {
    const text = planText({ ...PLAN, findings: [] }, { style, width: 80 });

    expect(text).toContain('Findings: nothing to report');
    expect(text).toContain('begin with `gen2 migrate shop`');
  });

  test('that could not be finished shows what was found', () => {
    const text = planText({ ...PLAN, assessment: undefined, steps: [] }, { style, width: 80 });

    expect(text).toContain('blocker app-locked');
    expect(text).not.toContain('Steps');
    expect(text).not.toContain('DNS');
  });

  test('fits a narrow terminal', () => {
    const text = planText(PLAN, { style, width: 40 });

    const sentences = text
      .split('\n')
      .filter((line) => /^ {4,}\S/.test(line) && !/shop\.example|asks|way back/.test(line));
    expect(Math.max(...sentences.map((line) => line.length))).toBeLessThanOrEqual(40);
  });
});

test('a plan as Markdown has a table for each part', () => {
  const text = planMarkdown({ ...PLAN, findings: [{ ...PLAN.findings[0]!, message: 'a | b' }] });

  expect(text).toContain('# Plan: shop to generation 2');
  expect(text).toContain('| warning | env-process | web:3 | a \\| b | Look for it |');
  expect(text).toContain('| prepare | Build | 3 min | build shop-gen2 |');
  expect(text).toContain('| shop.example.com | A | alias old.elb | alias new.elb |');
});

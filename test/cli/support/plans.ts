import type { Assessment, Plan } from '../../../src/orchestrator/plan.ts';

export const ASSESSMENT: Assessment = {
  rack: { name: 'convox', version: '20171213132441', region: 'us-east-1', account: '123456789012' },
  app: 'shop',
  temporaryApp: 'shop-gen2',
  old: {
    stackArn: 'arn:aws:cloudformation:us-east-1:123456789012:stack/convox-shop/1',
    release: 'RABC',
    parameters: {},
    environmentNames: ['A'],
    balancers: [],
    links: [],
  },
  manifest: { text: 'services: {}\n', origin: 'converted' },
  services: [],
  needsInternal: false,
  internalEnabled: false,
  balancers: {},
  records: [],
  dns: {
    changes: [{ name: 'shop.example.com', type: 'A', before: 'alias old.elb', after: 'alias new.elb' }],
    notices: ['the record of www has a health check'],
    refused: [],
  },
  certificates: [
    {
      service: 'web',
      domains: ['shop.example.com'],
      way: 'mail',
      mails: [{ domain: 'shop.example.com', mailboxes: ['admin@example.com'], canArrive: true }],
      problems: ['a CAA record forbids it'],
    },
  ],
  cost: { before: 43.8, after: 16.43, pricesOf: 'us-east-1, 2026', says: 'one balancer instead of two' },
  destroys: ['app shop', 'classic ELB shop-web'],
};

export const PLAN: Plan = {
  app: 'shop',
  rack: { name: 'convox', version: '20171213132441' },
  findings: [
    { code: 'env-process', severity: 'warning', message: 'PROCESS is gone', hint: 'Look for it', where: 'web:3' },
    { code: 'app-locked', severity: 'blocker', message: 'app shop is locked', hint: 'Unlock it' },
  ],
  assessment: ASSESSMENT,
  steps: [
    {
      id: 'build',
      phase: 'prepare',
      title: 'Build',
      state: 'todo',
      says: 'build shop-gen2',
      expectedMs: 180_000,
      isGate: false,
      canBeUndone: true,
    },
    {
      id: 'update-rack',
      phase: 'prepare',
      title: 'Update the rack',
      state: 'done',
      says: 'it stays',
      expectedMs: 0,
      isGate: false,
      canBeUndone: false,
    },
    {
      id: 'approve-commit',
      phase: 'commit',
      title: 'Delete the old app',
      state: 'todo',
      says: 'waits',
      expectedMs: 0,
      isGate: true,
      canBeUndone: true,
    },
    {
      id: 'delete-old-app',
      phase: 'commit',
      title: 'Delete it',
      state: 'todo',
      says: 'delete shop',
      expectedMs: 120_000,
      isGate: false,
      canBeUndone: false,
    },
  ],
};

/**
 * The procedure, top to bottom. What each step does stands in `steps/`; why it does so in docs/steps.md.
 *
 *   prepare   the temporary app runs and is verified beside the old one; users see nothing      ← abort
 *   cutover   DNS moves to the rack's balancers; traffic is proved to arrive                     ← rollback
 *   commit    old app deleted, app created again as generation 2, temporary app deleted          ← none, from
 *             `delete-old-app` on: the point of no return
 */
import type { Execution } from './engine.ts';
import type { Phase } from './events.ts';
import type { MigrationSettings } from './plan.ts';
import { isGate, type Stage } from './step.ts';
import { awaitInternal, enableInternal, updateRack } from './steps/prepare-rack.ts';
import { awaitCertificates, issueCertificates } from './steps/issue-certificates.ts';
import { buildTemporaryApp, copyEnvironment, createTemporaryApp, promoteTemporaryApp } from './steps/temporary-app.ts';
import { verifyTemporaryApp } from './steps/verify-temporary-app.ts';
import { approveCommit, approveCutOff, approveCutover } from './steps/gates.ts';
import { confirmPropagation, switchRecords } from './steps/cutover.ts';
import { confirmTraffic } from './steps/confirm-traffic.ts';
import { exportOldApp } from './steps/export-old-app.ts';
import {
  copyEnvironmentBack,
  createFinalApp,
  deleteOldApp,
  deleteTemporaryApp,
  importBuild,
  linkResources,
  POINT_OF_NO_RETURN,
  promoteFinalApp,
  promoteFinalDomains,
  releaseDomains,
} from './steps/commit.ts';
import { confirmFinalTraffic } from './steps/finish.ts';
import { awaitOldTtl, confirmLowTtl, lowerTtl, restoreTtl } from './steps/ttl.ts';

export const PROCEDURE: readonly Stage[] = [
  // prepare
  updateRack,
  lowerTtl, // what takes time by itself begins first
  issueCertificates,
  enableInternal,
  createTemporaryApp,
  copyEnvironment,
  confirmLowTtl,
  buildTemporaryApp,
  awaitCertificates,
  awaitInternal,
  promoteTemporaryApp,
  verifyTemporaryApp,

  // cutover
  approveCutover,
  awaitOldTtl,
  switchRecords,
  confirmPropagation,
  confirmTraffic,

  // commit
  exportOldApp,
  approveCommit,
  approveCutOff, // only if traffic came back since
  deleteOldApp, // the point of no return
  restoreTtl,
  createFinalApp,
  copyEnvironmentBack,
  importBuild,
  promoteFinalApp,
  promoteFinalDomains,
  linkResources,
  releaseDomains,
  deleteTemporaryApp,
  confirmFinalTraffic,
];

/** True from the moment in `delete-old-app` at which all is verified and the deletion begins: nothing can be taken back. */
export function hasNoReturn(execution: Pick<Execution, 'wasStarted'>): boolean {
  return execution.wasStarted(`${deleteOldApp.id}/${POINT_OF_NO_RETURN}`);
}

/** The stages of a migration in order; those of `--finish=keep` end with the traffic at the temporary app. */
export function stagesOf(settings: MigrationSettings): readonly Stage[] {
  if (settings.finish !== 'keep') return PROCEDURE;
  return [...PROCEDURE.filter(({ phase }) => phase !== 'commit'), restoreTtl];
}

export function stagesOfPhase(stages: readonly Stage[], phase: Phase): readonly Stage[] {
  return stages.filter((stage) => stage.phase === phase);
}

/** What a return takes back: everything, or what users see of it. */
export function stagesTakenBack(stages: readonly Stage[], direction: 'rollback' | 'abort'): readonly Stage[] {
  if (direction === 'abort') return stages;
  return stages.filter((stage) => stage.phase === 'cutover' || (!isGate(stage) && stage.isUndoneByRollback === true));
}

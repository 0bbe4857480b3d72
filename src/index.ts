/** The public API of convox-gen2, all of it. */

// errors and time
export {
  ERROR_CODES,
  EXIT_CODES,
  MigrationError,
  type ErrorCode,
  type ErrorDetails,
  type ExitKind,
  type MigrationErrorOptions,
} from './errors.ts';
export { ManualClock, scaledClock, systemClock, type Clock, type ScaledClockOptions } from './time/clock.ts';
export { waitFor, type Observation, type WaitOptions } from './time/wait.ts';

// a whole migration
export { connect, realNetwork, type Connection, type ConnectOptions } from './connect/connect.ts';
export type { NetworkAccess } from './connect/aws-context.ts';
export { exportFolder, exportReader } from './connect/folders.ts';
export {
  planMigration,
  resumeMigration,
  startMigration,
  undoMigration,
  type MigrateRequest,
  type MigrationResult,
  type PlanRequest,
} from './orchestrator/migrate.ts';
export type {
  Assessment,
  CostForecast,
  Finding,
  MigrationSettings,
  Plan,
  PlannedService,
  PlannedStep,
  Prices,
  Severity,
} from './orchestrator/plan.ts';
export { assertAsPlanned, basisOf, driftOf, type ApprovedPlan, type PlanBasis } from './orchestrator/plan-basis.ts';
export type { Direction, EventListener, MigrationEvent, Outcome, Phase } from './orchestrator/events.ts';
export type {
  BeginRequest,
  Engine,
  Execution,
  ExecutionFilter,
  ExecutionSettings,
  ExecutionView,
  GateAnswer,
  GateRequest,
} from './orchestrator/engine.ts';
export { LocalEngine, type LocalEngineOptions } from './orchestrator/engines/local/local-engine.ts';
export type { Approver, GatePolicy } from './orchestrator/engines/recorded-execution.ts';
export { openDbosEngine, runDbosWorker } from './orchestrator/engines/dbos/open-dbos-engine.ts';
export { driveMigration } from './orchestrator/engines/dbos/drive-migration.ts';
export type { DbosEngine, DbosEngineOptions } from './orchestrator/engines/dbos/dbos-engine.ts';
export type { Job } from './orchestrator/engines/dbos/history.ts';
export type { Drive, WorkerEvent, WorkerOptions, WorkItem } from './orchestrator/engines/dbos/worker.ts';
export type {
  AwsPort,
  ExportPort,
  ExportReader,
  Ports,
  RackPort,
  ReturnPlan,
  SourcePort,
} from './orchestrator/ports.ts';
export {
  readOldAppExport,
  readOldEnvironment,
  type EnvironmentSource,
  type OldAppExport,
} from './orchestrator/old-app/read-export.ts';
export {
  planRestore,
  restoreOldApp,
  type Restored,
  type RestorePlan,
  type RestoreRequest,
} from './orchestrator/old-app/restore.ts';
export { newExportKey, type ExportKeyPair } from './orchestrator/old-app/sealed-environment.ts';

// the Rack API
export { RackClient } from './convox-api/rack-client.ts';
export type { RackCall, RackClientOptions, RackLogger, RackTls } from './convox-api/options.ts';
export type { RackApp, RackBuild, RackProcess, RackRelease, RackService, RackSystem } from './convox-api/rack-types.ts';
export { CAPABILITIES, capabilitiesOf, type RackCapabilities } from './convox-api/capabilities.ts';
export { compareVersions, versionWalk, type PublishedVersion } from './convox-api/versions.ts';

// AWS: clients and stacks
export {
  createAwsClients,
  type AwsClients,
  type AwsClientsOptions,
  type AwsCredentials,
  type AwsKeys,
} from './aws/clients.ts';
export { TokenBucket, type RateLimit } from './aws/token-bucket.ts';
export { checkAccount, readCallerIdentity, type CallerIdentity } from './aws/account.ts';
export { findStack, listStackResources, readStack, type StackFacts, type StackResource } from './aws/stacks.ts';
export { firstCause, listStackEvents, type StackEvent } from './aws/stack-events.ts';
export { waitForStack, waitForStackDeleted } from './aws/stack-watch.ts';

// AWS: balancers and rules
export {
  findRackBalancers,
  getRackBalancer,
  type BalancerAnswer,
  type FindRackBalancersOptions,
  type RackBalancer,
  type RackBalancers,
} from './aws/balancers.ts';
export type { RackBalancerRole, RackFacts as RackBalancerFacts } from './aws/rack-facts.ts';
export { listAppBalancers, type AppBalancer } from './aws/app-balancers.ts';
export { listListenerRules, listListeners, type Listener, type ListenerRule } from './aws/listener-rules.ts';
export { findPriorityCollisions, simulateRules, type SimulatedRule } from './aws/rule-simulation.ts';
export { rulePriority } from './aws/rule-priority.ts';
export { readTargetHealth, waitForHealthyTargets, type TargetHealth } from './aws/target-health.ts';

// AWS: certificates
export { findCertificate, listCertificates, type Certificate, type CertificateStatus } from './aws/certificates.ts';
export {
  findPendingCertificates,
  resendValidationMail,
  waitForCertificate,
  watchCertificates,
  type WatchCertificatesOptions,
} from './aws/certificate-watch.ts';
export { certificateAdvice, describeCertificate, pendingActions } from './aws/certificate-advice.ts';
export { deleteCertificate, issueCertificate, type IssueCertificateOptions } from './aws/certificate-issue.ts';
export {
  forecastCertificates,
  type CertificateForecast,
  type ForecastCertificatesOptions,
} from './aws/certificate-forecast.ts';
export { findUsableCertificate, type FindUsableCertificateOptions } from './aws/certificate-match.ts';

// AWS: DNS
export { dnsResolver, type DnsResolver, type DnsResolverOptions } from './aws/dns/resolver.ts';
export { listZones, readZone, ZoneCatalogue, type HostedZone } from './aws/dns/zones.ts';
export { chooseZones, getPublicZone, type ChooseZonesOptions, type ZoneChoice } from './aws/dns/choose-zones.ts';
export { readRecordSets, recordsPointingAt, type PointingRecord } from './aws/dns/records.ts';
export type { RawRecordSet, RecordSet } from './aws/dns/record-set.ts';
export { parseRecordBatches, type RecordBatch } from './aws/dns/record-batch.ts';
export { planRecordChanges, type PlanRecordChangesOptions, type RecordPlan } from './aws/dns/plan.ts';
export { applyRecordChanges, type AppliedChange, type ApplyRecordChangesOptions } from './aws/dns/apply.ts';
export { restoreRecords, type RestoreRecordsOptions } from './aws/dns/restore.ts';
export { planTtl } from './aws/dns/ttl.ts';
export { waitInSync } from './aws/dns/in-sync.ts';
export { askServers, waitForServers, type ServerAnswer } from './aws/dns/propagation.ts';
export { renderZoneFile, type WantedRecord } from './aws/dns/zone-file.ts';

// AWS: proof
export { publicNetwork, type Network } from './aws/network.ts';
export { verifyEndpoint, type EndpointReport, type VerifyEndpointOptions } from './aws/verify-endpoint.ts';
export { compareEndpoints, type EndpointComparison } from './aws/compare-endpoints.ts';
export { readTraffic, type TrafficReading } from './aws/traffic.ts';
export { watchTraffic, type TrafficStatement, type WatchTrafficOptions } from './aws/traffic-watch.ts';

// manifests
export { convertManifest } from './manifest/convert.ts';
export type { Conversion, ConvertOptions, RunningApp, TargetRack } from './manifest/convert-types.ts';
export { readAnswers, writeAnswers } from './manifest/answers.ts';
export { readGen1Manifest } from './manifest/gen1-reader.ts';
export { readGen2Manifest } from './manifest/gen2-reader.ts';
export { checkGen2Manifest } from './manifest/gen2-check.ts';
export { checkSources, type CheckSourcesOptions } from './manifest/source-checks/check-sources.ts';
export type { SourceFiles } from './manifest/source-checks/source-file.ts';
export {
  FINDING_CODES,
  type Finding as ManifestFinding,
  type FindingCode as ManifestFindingCode,
  type Severity as ManifestSeverity,
} from './manifest/finding.ts';
export { renderFindings } from './manifest/findings-table.ts';
export { renderSarif } from './manifest/sarif.ts';

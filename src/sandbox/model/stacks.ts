/** What CloudFormation holds. */

export interface StackEvent {
  readonly id: string;
  readonly at: number;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string | undefined;
}

export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  physicalId: string;
  status: string;
  reason: string | undefined;
  updatedAt: number;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly exportName: string | undefined;
}

export interface Stack {
  readonly arn: string;
  readonly name: string;
  readonly parentArn: string | undefined;
  readonly createdAt: number;
  updatedAt: number | undefined;
  deletedAt: number | undefined;
  /** CloudFormation's own status words, e.g. UPDATE_ROLLBACK_COMPLETE. */
  status: string;
  statusReason: string | undefined;
  terminationProtection: boolean;
  parameters: ReadonlyMap<string, string>;
  readonly tags: Map<string, string>;
  outputs: readonly StackOutput[];
  /** Present resources and those being made or removed, by logical id. */
  readonly resources: Map<string, StackResource>;
  readonly events: StackEvent[];
}

/** One resource of a template. `properties` is whatever the handler of `type` takes, with references resolved late. */
export interface ResourceTemplate {
  readonly logicalId: string;
  readonly type: string;
  readonly dependsOn: readonly string[];
  /** `ref(logicalId)` is the physical id of another resource of the stack. */
  readonly properties: (ref: (logicalId: string) => string) => unknown;
  /** DeletionPolicy: Retain. */
  readonly retain?: boolean;
}

export interface StackTemplate {
  readonly resources: readonly ResourceTemplate[];
  /** Computed when an operation has completed. */
  readonly outputs: (ref: (logicalId: string) => string) => readonly StackOutput[];
  /**
   * The parameters it declares, with their defaults (absent = any are kept). Given ones it does not declare are
   * dropped, missing ones get the default.
   */
  readonly parameters?: ReadonlyMap<string, string>;
  /** Names of the exports of other stacks that it uses (Fn::ImportValue). */
  readonly imports?: readonly string[];
}

export interface StackRequest {
  readonly name: string;
  readonly template: StackTemplate;
  readonly parameters: ReadonlyMap<string, string>;
  readonly tags?: ReadonlyMap<string, string>;
  readonly parentArn?: string;
  /** Resources take no time (but are waited for until stable): how a world is furnished before time starts to matter. */
  readonly instant?: boolean;
}

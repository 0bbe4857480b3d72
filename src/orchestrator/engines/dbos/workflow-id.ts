/** The id of an execution's workflow: `rack/app/20260105-090000-3fa1`. Neither rack nor app name holds a slash. */
export function workflowId(rack: string, app: string, execution: string): string {
  return `${workflowPrefix(rack, app)}${execution}`;
}

/** What the workflow ids of a rack, or of one of its apps, begin with. */
export function workflowPrefix(rack: string, app?: string): string {
  return app === undefined ? `${rack}/` : `${rack}/${app}/`;
}

export function parseWorkflowId(workflow: string): {
  readonly rack: string;
  readonly app: string;
  readonly id: string;
} {
  const [rack = '', app = '', id = ''] = workflow.split('/');
  return { rack, app, id };
}

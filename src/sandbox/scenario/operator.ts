import type { World } from '../world.ts';

const LOOK_EVERY_MS = 5_000;

export interface OperatorOptions {
  /** Simulated milliseconds from a mail's arrival until it is approved. */
  readonly approveAfterMs: number;
  /** Called after each approval. */
  readonly onApproval?: (domain: string) => void;
}

/** A person who reads certificate mails and approves each after a while. Returns a function that sends them home. */
export function startOperator(world: World, { approveAfterMs, onApproval }: OperatorOptions): () => void {
  let stop = (): void => undefined;
  const look = (): void => {
    for (const mail of world.acm.mails) {
      if (mail.approvedAt !== undefined || world.clock.now() - mail.sentAt < approveAfterMs) continue;
      if (world.acm.certificates.get(mail.certificateArn)?.status !== 'PENDING_VALIDATION') continue;
      world.acm.approve(mail.id);
      onApproval?.(mail.domain);
    }
    stop = world.clock.after(LOOK_EVERY_MS, look);
  };
  look();
  return () => {
    stop();
  };
}

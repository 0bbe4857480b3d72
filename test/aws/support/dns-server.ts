import { createSocket } from 'node:dgram';
import { decode, encode, RECURSION_AVAILABLE, type Answer } from 'dns-packet';

export interface DnsServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly asked: string[];
  close(): Promise<void>;
}

/** A DNS server on UDP that answers `TYPE name` by script; `'silent'` gives none, `undefined` means there is no such record. */
export async function startDnsServer(
  script: (question: string) => readonly Answer[] | 'silent' | 'broken' | undefined,
): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const query = decode(message);
    const question = query.questions?.[0];
    const text = `${question?.type ?? ''} ${question?.name ?? ''}`;
    asked.push(text);
    const answers = script(text);
    if (answers === 'silent') return;
    const code = answers === 'broken' ? 2 : 0;
    const reply = encode({
      type: 'response',
      id: query.id ?? 0,
      flags: RECURSION_AVAILABLE | code,
      questions: query.questions ?? [],
      answers: Array.isArray(answers) ? (answers as Answer[]) : [],
    });
    socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

import type { ErrorCode } from '../errors.ts';

/** What an answer of the rack means. */
export interface Verdict {
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly retryable?: boolean;
  readonly noChange?: boolean;
  readonly unclear?: boolean;
}

// The server's words and what they mean; first match wins. Texts: convox/rack@20171213132441 api/, provider/aws and
// convox/rack@20260421192651 pkg/api, provider/aws; those from AWS are matched by the part that AWS documents.
const WORDS: readonly (readonly [RegExp, Verdict])[] = [
  [
    /Throttling|Rate exceeded/,
    { code: 'RACK_BUSY', retryable: true, unclear: true, hint: 'AWS throttles the rack; try again in a minute.' },
  ],
  [
    /No updates are to be performed|no system updates are to be performed/,
    {
      code: 'RACK_INVALID',
      noChange: true,
      hint: 'Nothing would change: the value is set already, or the rack does not know the parameter (names are case sensitive).',
    },
  ],
  [
    /TerminationProtection/,
    { code: 'RACK_CONFLICT', hint: 'The app is locked; unlock it with `convox apps unlock` first.' },
  ],
  [
    /can ?not be updated|is currently updating|is already updating|still being created|unable to set environment with current app status/,
    { code: 'RACK_BUSY', retryable: true, hint: 'A change is under way; wait until the status is running.' },
  ],
  [/is linked to|already linked to/, { code: 'RACK_CONFLICT', hint: 'Unlink it first, with resources.unlink.' }],
  [
    /already exists|AlreadyExistsException|already an app named/,
    {
      code: 'RACK_CONFLICT',
      hint: 'The name is taken, perhaps by an app that is still being deleted, or by a rack resource.',
    },
  ],
  [
    /CancelUpdateStack cannot be called|app is not updating/,
    { code: 'RACK_CONFLICT', hint: 'There is no update to cancel.' },
  ],
  [
    /does not support internal services/,
    { code: 'RACK_UNSUPPORTED', hint: 'Set the rack parameter Internal=Yes and wait for the update.' },
  ],
  [
    /only supports internal services/,
    { code: 'RACK_UNSUPPORTED', hint: 'The rack has InternalOnly=Yes; mark the service `internal: true`.' },
  ],
  [
    /an older release, try rollback/,
    { code: 'RACK_INVALID', hint: 'Create a release from its build and env, and promote that one.' },
  ],
  [/with an empty manifest/, { code: 'RACK_INVALID', hint: 'Promote a release that a build has made.' }],
  [
    /not found(?::|$| for )|no such |cannot be found|does not exist|is not an app|could not read formation/,
    { code: 'RACK_NOT_FOUND' },
  ],
  [
    /application name cannot match rack name|App name |failed to satisfy constraint|unknown generation|invalid duration/,
    { code: 'RACK_INVALID', hint: "Safe names match ^[a-z][a-z0-9-]{3,29}$ and differ from the rack's." },
  ],
  [
    /must be numeric|must be greater than|strconv\.|mismatched app and release|generation 2|requires an extension|no build source|gzip: invalid header|link strategy|[Ii]nvalid duration/,
    { code: 'RACK_INVALID' },
  ],
];

/** The text inside an error body: `{"error":"…"}` on classic racks, plain text on standard ones. */
export function errorText(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed && typeof parsed.error === 'string') {
      return parsed.error;
    }
  } catch {
    // Classic racks write the message with Go quoting, which can be invalid JSON: the raw text serves as well.
  }
  return body.trim();
}

/** True for the answer of a server that has no such route (or not for this method), as opposed to no such thing. */
export function isUnknownRoute(status: number, body: string): boolean {
  if (status === 405) return true;
  return status === 404 && (body === '' || body === '404 page not found\n');
}

/**
 * The app that the rack's words call missing. Taken from the raw words, since an environment value that is hidden in the
 * message may equal the app's name.
 */
export function missingApp(words: string): { missingApp?: string } {
  const name = /^(?:no such app|app not found): (\S+)$/.exec(words)?.[1] ?? /^(\S+) not found$/.exec(words)?.[1];
  return name === undefined ? {} : { missingApp: name };
}

/** What an answer means, by its status and its words. */
export function judge(status: number, body: string, words: string): Verdict {
  if (status === 401) {
    return {
      code: 'RACK_UNAUTHORIZED',
      hint: 'Check the password (or API key); `convox rack` shows which rack it belongs to.',
    };
  }
  if (status >= 300 && status < 400) {
    return {
      code: 'RACK_PROTOCOL',
      hint: 'Redirects are not followed, because the password would go along. Give the address of the API itself.',
    };
  }
  if (/^unknown host\s*$/.test(body)) {
    return {
      code: 'RACK_UNREACHABLE',
      retryable: true,
      hint: "The balancer does not know this host: the API may have moved. Look at the output Dashboard of the rack's stack.",
    };
  }
  // A rack's own 500 is text; a page of HTML comes from something in between.
  const isPage = status === 500 && /^\s*<(!doctype|html|head|body)/i.test(body);
  if (isPage || status === 502 || status === 503 || status === 504) {
    return {
      code: 'RACK_UNREACHABLE',
      retryable: true,
      unclear: true,
      hint: 'The balancer is there, the API behind it is not; normal for up to 15 minutes in a rack update.',
    };
  }
  if (status === 429) return { code: 'RACK_BUSY', retryable: true };
  if (isUnknownRoute(status, body)) {
    return {
      code: 'RACK_UNSUPPORTED',
      hint: `This rack's version has no such call; see capabilities() for what it can do.`,
    };
  }
  const found = WORDS.find(([pattern]) => pattern.test(words))?.[1];
  if (found !== undefined) return found;
  if (status === 404) return { code: 'RACK_NOT_FOUND' };
  if (status === 400) return { code: 'RACK_INVALID' };
  return { code: 'RACK_REFUSED' };
}

import type { ServerResponse } from 'node:http';
import type { FaultAction } from '../faults.ts';
import type { Api } from './api.ts';
import { sendRefusal, sendUnauthenticated } from './reply.ts';

/** Plays a fault; `reset-after` = do what was asked, then cut the connection instead of answering. */
export async function playFault(
  api: Api,
  action: FaultAction | undefined,
  response: ServerResponse,
): Promise<'go-on' | 'answered' | 'reset-after'> {
  switch (action?.type) {
    case undefined:
      return 'go-on';
    case 'stale': // what is read late is decided where the answer is known
      return 'go-on';
    case 'hold':
      await action.until;
      return 'go-on';
    case 'delay':
      await api.world.clock.delay(action.ms);
      return 'go-on';
    case 'reset':
      if (action.applied) return 'reset-after';
      response.socket?.destroy();
      return 'answered';
    case 'deny':
      sendUnauthenticated(response, api.era, 'invalid authentication');
      return 'answered';
    case 'throttle':
      sendRefusal(response, api.era, 500, api.awsText('Throttling', 'Rate exceeded', 400));
      return 'answered';
    case 'error':
      if (action.message !== undefined) {
        // The rack's own words; a page without them comes from something in between.
        sendRefusal(response, api.era, action.status, action.message);
        return 'answered';
      }
      response.writeHead(action.status, { 'Content-Type': 'text/html' });
      response.end(`<html><head><title>${action.status}</title></head><body></body></html>`);
      return 'answered';
  }
}

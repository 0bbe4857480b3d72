import { afterEach, expect, it } from 'vitest';
import { createAwsClients } from '../../../src/aws/clients.ts';
import { listZones } from '../../../src/aws/dns/zones.ts';
import { startAwsEndpoint, type AwsEndpoint } from '../../../src/sandbox/aws/endpoint.ts';
import { makeAwsWorld } from '../../sandbox/aws/aws-world.ts';
import { signal } from '../support/signal.ts';

let endpoint: AwsEndpoint | undefined;
afterEach(() => endpoint?.close());

it('twelve questions at once are sent at a pace Route 53 does not throttle', async () => {
  const { world } = makeAwsWorld({ scale: 1 });
  endpoint = await startAwsEndpoint(world);
  const { accessKeyId, secretAccessKey, region } = world.settings;
  let sent = 0;
  const clients = createAwsClients({
    region,
    endpoint: endpoint.url,
    credentials: { accessKeyId, secretAccessKey },
    onCall: () => (sent += 1),
  });

  await Promise.all(Array.from({ length: 12 }, () => listZones({ clients }, signal)));

  // A throttled one would have been sent again.
  expect(sent).toBe(12);
  clients.destroy();
  world.clock.close();
});

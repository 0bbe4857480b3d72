import type { Api } from './api.ts';
import type { Bucket } from './rack-store.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

/** Objects in an app's bucket; what a build is made from. */
export const objectRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/apps/:app/objects/:key*',
    operation: 'objects.store',
    from: SINCE.releaseCreate,
    handle: storeObject,
  },
  {
    method: 'GET',
    path: '/apps/:app/objects/:key*',
    operation: 'objects.fetch',
    from: SINCE.standard,
    handle: (request, api) => {
      const bytes = bucketOf(request, api).objects.get(request.param('key'));
      if (bytes === undefined) throw new RackRefusal(404, `key not found: ${request.param('key')}`);
      return { type: 'bytes', bytes, contentType: undefined };
    },
  },
  {
    // Says 200 whether or not the object exists; only the body, which HEAD does not send, differs.
    method: 'HEAD',
    path: '/apps/:app/objects/:key*',
    operation: 'objects.exists',
    from: SINCE.standard,
    handle: (request, api) => json(bucketOf(request, api).objects.has(request.param('key'))),
  },
  {
    method: 'DELETE',
    path: '/apps/:app/objects/:key*',
    operation: 'objects.delete',
    from: SINCE.standard,
    handle: (request, api) => {
      if (!bucketOf(request, api).objects.delete(request.param('key'))) {
        throw new RackRefusal(404, `object not found: ${request.param('key')}`);
      }
      return SUCCESS;
    },
  },
  {
    method: 'GET',
    path: '/apps/:app/objects',
    operation: 'objects.list',
    from: SINCE.standard,
    handle: (request, api) => {
      const prefix = request.query.get('prefix') ?? '';
      return json([...bucketOf(request, api).objects.keys()].filter((key) => key.startsWith(prefix)).toSorted());
    },
  },
];

function storeObject(request: RackRequest, api: Api): Reply {
  const bucket = bucketOf(request, api);
  const app = request.param('app');
  const key = request.param('key') === '' ? `tmp/${api.world.random.text(30, LETTERS)}` : request.param('key');
  if (api.isClassic && !key.endsWith('.tgz')) throw new RackRefusal(500, `invalid key: ${key}`);
  // A body labelled as a form has been consumed by the form parser: an empty object is stored.
  bucket.objects.set(key, request.isForm ? Buffer.alloc(0) : request.body);
  return json({ Url: `object://${app}/${key}` });
}

function bucketOf(request: RackRequest, api: Api): Bucket {
  const name = api.stackName(request.param('app'));
  const stack = api.view.describe(name);
  if (stack === undefined) throw api.awsError('ValidationError', `Stack with id ${name} does not exist`);
  return api.store.bucket(stack.arn);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

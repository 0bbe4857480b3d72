import { DraftMap } from './draft.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** `image`, `build`, `dockerfile`, `args` and `entrypoint` (an image wins over a build in both generations). */
export function convertBuild(work: Workspace, plan: ServicePlan): void {
  const { source, fields } = plan;
  if (source.image !== undefined) {
    fields.set('image', source.image.value);
    work.mark(source.image.at, 'mapped', 'image');
    if (source.build !== undefined) {
      work.mark(source.build.at, 'dropped', 'image wins over build');
      if (source.build.dockerfile !== undefined)
        work.mark(source.build.dockerfile.at, 'dropped', 'image wins over dockerfile');
    }
  } else if (source.build !== undefined) {
    convertContext(work, plan);
    convertArgs(work, plan);
  } else {
    fields.set('build', '.');
  }
  convertEntrypoint(work, plan);
}

function convertContext(work: Workspace, { source, fields }: ServicePlan): void {
  const { build } = source;
  if (build === undefined) return;
  const path = build.context?.value === undefined || build.context.value === '' ? '.' : build.context.value;
  if (build.context !== undefined) work.mark(build.context.at, 'mapped', 'build path');
  const dockerfile = build.dockerfile?.value ?? '';
  if (build.dockerfile === undefined || dockerfile === '' || dockerfile === 'Dockerfile') {
    if (build.dockerfile !== undefined) work.mark(build.dockerfile.at, 'mapped', 'Dockerfile is the default');
    fields.set('build', path);
    return;
  }
  if (work.has('buildManifest')) {
    work.mark(build.dockerfile.at, 'mapped', 'build.manifest');
    fields.set('build', new DraftMap().set('path', path).set('manifest', dockerfile));
    return;
  }
  const id = `${source.name}.dockerfile`;
  const chosen = work.settle({
    id,
    service: source.name,
    at: build.dockerfile.at,
    code: 'dockerfile-unsupported',
    question: `Has ${dockerfile} been renamed to Dockerfile in ${path}?`,
    options: ['renamed'],
    message: `Rack ${work.rack.version} builds only from a file called Dockerfile; ${source.name} names another.`,
    hint: 'Rename the file in the source that is deployed, or update the rack to 20171214220445 or later.',
  });
  work.mark(build.dockerfile.at, chosen === undefined ? 'decision' : 'changed', 'the file must be called Dockerfile');
  fields.set('build', path, chosen === undefined ? undefined : `Decided: ${id} = ${chosen}.`);
}

/** Generation 2 parses `args` but never passes them: an ARG is filled from the app environment. */
function convertArgs(work: Workspace, { source }: ServicePlan): void {
  for (const { name, at } of source.build?.args ?? []) {
    if (work.envNames?.has(name) === true) {
      work.mark(at, 'mapped', 'the app environment has it, and won over the manifest before');
      continue;
    }
    const chosen = work.settle({
      id: `${source.name}.args.${name}`,
      service: source.name,
      at,
      code: 'build-args',
      question: `Will ${name} be set in the app environment before the build?`,
      options: ['in-app-env', 'drop'],
      message: `The build argument ${name} of ${source.name} is not passed by generation 2: ARGs are filled from the app environment.`,
      hint: `Set ${name} in the app environment; every service that receives the whole environment then sees it.`,
    });
    if (chosen === 'in-app-env') work.promisedVariables.add(name);
    work.mark(
      at,
      chosen === undefined ? 'decision' : chosen === 'drop' ? 'impossible' : 'changed',
      'from the app environment',
    );
  }
}

/** Racks before 20180921222709 ignored it on AWS; later ones honour it, and generation 2 has no such key. */
function convertEntrypoint(work: Workspace, { source }: ServicePlan): void {
  if (source.entrypoint === undefined) return;
  const { at } = source.entrypoint;
  if (!work.sourceHas('gen1Entrypoint')) {
    work.mark(at, 'dropped', 'this rack ignored it on AWS');
    const message = `entrypoint of ${source.name} had no effect on this rack and is left out.`;
    work.say('info', 'entrypoint-lost', { service: source.name, at, message, hint: 'Nothing to do.' });
    return;
  }
  const chosen = work.settle({
    id: `${source.name}.entrypoint`,
    service: source.name,
    at,
    code: 'entrypoint-lost',
    question: `Has the entrypoint of ${source.name} been moved to its Dockerfile?`,
    options: ['in-dockerfile'],
    message: `Generation 2 has no entrypoint; ${source.name} would start without it.`,
    hint: 'Write it as ENTRYPOINT in the Dockerfile.',
  });
  work.mark(at, chosen === undefined ? 'decision' : 'impossible', 'no entrypoint in generation 2');
}

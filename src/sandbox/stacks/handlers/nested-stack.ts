import type { NestedStackProperties, ResourceHandler } from '../resource-handler.ts';
import { longGeneratedName } from './names.ts';

export const nestedStackHandler: ResourceHandler<NestedStackProperties> = {
  create: (spec, context) => context.nested.create(spec, longGeneratedName(context), context),
  update: (arn, next, _previous, context) => context.nested.update(arn, next, context),
  mustReplace: () => false,
  remove: (arn, _properties, { nested }) => nested.remove(arn),
  isUnchanged: (arn, next, _previous, { nested }) => !nested.wouldChange(arn, next),
  rollBack: (arn, { nested }) => nested.rollBack(arn),
  cleanUp: (arn, { nested }) => nested.cleanUp(arn),
};

import { MigrationError } from '../errors.ts';
import type { Invocation } from './command.ts';

/** App names as racks accept them (convox/rack@20171213132441 cmd/convox/apps.go), and safe as the name of a folder. */
const APP_NAME = /^[a-z][a-z0-9-]{0,62}$/i;

/** The app of `gen2 <command> <app>`. @throws {MigrationError} `USAGE`. */
export function appArgument({ args }: Pick<Invocation, 'args'>): string {
  const [app = ''] = args;
  if (APP_NAME.test(app)) return app;
  throw new MigrationError('USAGE', `${JSON.stringify(app)} is not the name of an app`, {
    hint: 'Names have letters, digits and dashes and begin with a letter; `convox apps` lists them.',
  });
}

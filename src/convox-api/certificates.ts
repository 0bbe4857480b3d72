import { ask, tell, type RackContext } from './context.ts';
import { pathOf } from './form.ts';
import type { RackCertificate } from './rack-types.ts';
import { Certificate, listOf } from './schema.ts';

/** The certificates a rack knows, from IAM and ACM. */
export interface CertificateOperations {
  /**
   * Sorted by id. Racks before 20180518143010 list everything, pending ones without an expiration; later ones leave out
   * those made by app stacks, and from 20180520153159 list only issued ones: a pending validation of a generation 2 app
   * can then be followed in ACM alone.
   */
  list(signal: AbortSignal): Promise<readonly RackCertificate[]>;
  /** Uploads a certificate in PEM (to IAM on classic racks, to ACM on standard ones). */
  create(
    pem: { readonly certificate: string; readonly privateKey: string; readonly chain?: string },
    signal: AbortSignal,
  ): Promise<RackCertificate>;
  /** Requests a certificate; mails go out to the owners of the domains, and it stays pending until one approves. */
  generate(domains: readonly string[], signal: AbortSignal): Promise<RackCertificate>;
  /** @throws {MigrationError} `RACK_NOT_FOUND` */
  delete(id: string, signal: AbortSignal): Promise<void>;
}

export function createCertificateOperations(context: RackContext): CertificateOperations {
  const { session, secrets } = context;
  return {
    list: async (signal) =>
      ask(
        context,
        listOf(Certificate),
        { operation: 'certificates.list', method: 'GET', path: '/certificates' },
        signal,
      ),

    create: async ({ certificate, privateKey, chain = '' }, signal) => {
      secrets.add(privateKey);
      return session.speak(async ({ era }) => {
        const fields =
          era === 'classic'
            ? { public: certificate, private: privateKey, chain }
            : { pub: certificate, key: privateKey, chain };
        const request = { operation: 'certificates.create', method: 'POST', path: '/certificates' } as const;
        return ask(context, Certificate, { ...request, body: { type: 'form', fields } }, signal);
      }, signal);
    },

    generate: async (domains, signal) => {
      const request = { operation: 'certificates.generate', method: 'POST', path: '/certificates/generate' } as const;
      const fields = { domains: domains.join(',') };
      return ask(context, Certificate, { ...request, body: { type: 'form', fields } }, signal);
    },

    delete: async (id, signal) =>
      tell(
        context,
        { operation: 'certificates.delete', subject: id, method: 'DELETE', path: pathOf('certificates', id) },
        signal,
      ),
  };
}

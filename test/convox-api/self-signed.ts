import { X509Certificate } from 'node:crypto';

/**
 * A self-signed certificate without names, such as the containers of an old rack make for themselves; valid for a
 * hundred years and good for nothing else.
 */
export const SELF_SIGNED = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBPzCB5aADAgECAgEBMAoGCCqGSM49BAMCMCgxJjAkBgNVBAMMHSoudXMtd2Vz
dC0yLmVsYi5hbWF6b25hd3MuY29tMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
MDAwMDAwWjAoMSYwJAYDVQQDDB0qLnVzLXdlc3QtMi5lbGIuYW1hem9uYXdzLmNv
bTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEHN1x2UhkYrmDI7clGB1JH0WX0y
/jDvsHsKf8hRojZKW9NDgfi5dp5HaFS4qgMrXeFBfgP7fXycSx5ovkoJxP4wCgYI
KoZIzj0EAwIDSQAwRgIhAPU3QqRAbvleTVz6ekm2WuzQqLqBYkDGhfEk7BzQfU4g
AiEAl5UK491uJOKqQrgGPNsfrpIjUEHseZ+OgtGoTuePAmQ=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1epollQPJ9fwhm2X
EQzAk2WW+4pLA3W8Hn+5KO+hZJWhRANCAARBzdcdlIZGK5gyO3JRgdSR9Fl9Mv4w
77B7Cn/IUaI2SlvTQ4H4uXaeR2hUuKoDK13hQX4D+318nEseaL5KCcT+
-----END PRIVATE KEY-----
`,
} as const;

/** Its SHA-256 fingerprint, hex. */
export const FINGERPRINT = new X509Certificate(SELF_SIGNED.cert).fingerprint256.replaceAll(':', '').toLowerCase();

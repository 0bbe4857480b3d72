import type { Random } from '../random.ts';

/** A value that must never show up in any output, log, journal or report. */
export const SHOP_CANARY = 'canary-7f3b9d41c2-do-not-show';
/** The same for the password inside a URL. */
export const SHOP_URL_CANARY = 'canary-pw-55e0a8';

const LICENSE_LENGTH = 20_480;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The 40 variables of `shop`: plain ones, and every kind of value that is easily broken on the way. */
export function shopEnvironment(random: Random): ReadonlyMap<string, string> {
  return new Map([
    ['ADMIN_EMAIL', 'admin@example.com'],
    ['ASSET_HOST', 'https://assets.example.com'],
    ['BACKSLASHES', 'C:\\shop\\new\\table'],
    ['CACHE_URL', 'redis://cache.internal.example.com:6379/0'],
    ['COMMA_LIST', 'one,two,,four'],
    ['CRON_TZ', 'UTC'],
    ['CURRENCY', 'EUR'],
    ['DATABASE_POOL', '25'],
    ['DATABASE_URL', `postgres://shop:${SHOP_URL_CANARY}@db.internal.example.com:5432/shop?sslmode=require&pool=5`],
    ['DOLLARS', '$HOME ${NOT_A_VARIABLE} $$'],
    ['DOUBLE_QUOTED', '"in double quotes"'],
    ['EMPTY', ''],
    ['EQUALS', 'a=b==c='],
    ['FEATURE_FLAGS', '{"checkout":true,"beta":["a","b"],"note":"it\'s \\"quoted\\""}'],
    ['HASH', '# not a comment'],
    ['HOST', 'shop.example.com'],
    ['HTML', '<b>&amp; more</b>'],
    ['JWT_SECRET', random.hex(64)],
    ['LANG', 'de_DE.UTF-8'],
    ['LEADING_SPACES', '   three before'],
    ['LICENSE', random.text(LICENSE_LENGTH, ALPHABET)],
    ['LITERAL_NEWLINE', 'first\\nsecond'],
    ['LOG_LEVEL', 'info'],
    ['MAIL_FROM', 'Shop <shop@example.com>'],
    ['MAX_THREADS', '16'],
    ['NODE_ENV', 'production'],
    ['PAYMENT_API_KEY', SHOP_CANARY],
    ['PAYMENT_URL', 'https://pay.example.net/v1'],
    ['PERCENT', '100%25 %20 %'],
    ['QUEUE', 'orders'],
    ['RATE_LIMIT', '100'],
    ['REGION', 'eu'],
    ['SECRET_KEY_BASE', `${random.hex(40)}==`],
    ['SENTRY_DSN', `https://${random.hex(32)}@sentry.example.net/42`],
    ['SINGLE_QUOTED', "'in single quotes'"],
    ['TAB', 'before\tafter'],
    ['TRAILING_SPACES', 'three after   '],
    ['UNICODE', 'Grüße aus Köln, 世界 ✓ 🛒'],
    ['WORKER_CONCURRENCY', '4'],
    ['YAML_LIKE', '- key: value # and: more'],
  ]);
}

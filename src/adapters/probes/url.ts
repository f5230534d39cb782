import type { TlsAsk } from './tls.js';
import { fromHere, type Dial } from './dial.js';

/** Host and port of a URL, and the way there from this machine. */
export function dialOf(url: URL): Dial {
  const standard = url.protocol === 'https:' ? 443 : 80;
  // Node.js takes the address of IPv6 without its brackets.
  return fromHere(serverName(url), url.port === '' ? standard : Number(url.port));
}

/** The name that a certificate of this URL is for. */
function serverName(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** How a URL's connection is secured. */
export function tlsOf(url: URL, ca: string | undefined): TlsAsk {
  return { serverName: serverName(url), ...(ca === undefined ? {} : { ca }) };
}

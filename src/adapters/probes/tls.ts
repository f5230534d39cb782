import { once } from 'node:events';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { attempt, type ProbeOptions } from './attempt.js';
import { overDial, type Dial } from './dial.js';

/** How a connection is secured. */
export interface TlsAsk {
  /** Name or address that the certificate is to be for. */
  readonly serverName: string;
  /** Certificates (PEM) that are trusted; left out: those that Node.js trusts. */
  readonly ca?: string;
}

/** What a server presented. */
export interface TlsAnswer {
  /** Why the certificate is not to be trusted, in a phrase; `null`: it is. */
  readonly objection: string | null;
  /** Until when it is valid. */
  readonly validTo: Date;
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
}

/** A secured stream over an open one. Certificates of every kind are taken: ask {@link objectionTo}, or insist with {@link assertTrusted}. */
export async function openTls(socket: Duplex, { serverName, ca }: TlsAsk): Promise<TLSSocket> {
  const secured = connect({
    socket,
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    // What the certificate is compared with, for addresses too.
    host: serverName,
    ...(ca === undefined ? {} : { ca }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false,
  });
  await once(secured, 'secureConnect');
  return secured;
}

/** Why the peer is not trusted; `null`: it is. */
export function objectionTo(stream: TLSSocket): string | null {
  if (stream.authorized) return null;
  // Typed as an error, but the code of one.
  const code = String(stream.authorizationError);
  const why = OBJECTIONS[code];
  return why === undefined ? code : `${why} (${code})`;
}

/** What OpenSSL's and Node's codes mean, of those that are met with. */
const OBJECTIONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'only itself vouches for it',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not trusted here, or the chain is not whole',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name',
};

/** @throws Error where the peer's certificate is not valid, not trusted, or not for the name that was asked */
export function assertTrusted(stream: TLSSocket): TLSSocket {
  const objection = objectionTo(stream);
  if (objection === null) return stream;
  throw new Error(`the certificate is not trusted: ${objection}`);
}

/** Secures a connection and looks at the certificate, whatever it is. Throws NOT_REACHED and PROBE_FAILED. */
export async function tlsProbe(dial: Dial, ask: TlsAsk & ProbeOptions): Promise<TlsAnswer> {
  return attempt(`TLS with ${dial.place}`, ask, (signal, reached) =>
    overDial(dial, signal, reached, async (socket) => {
      const stream = await openTls(socket, ask);
      const certificate: Partial<PeerCertificate> = stream.getPeerCertificate();
      if (certificate.valid_to === undefined) throw new Error('no certificate was presented');
      return {
        objection: objectionTo(stream),
        validTo: new Date(certificate.valid_to),
        protocol: stream.getProtocol() ?? 'unknown',
      };
    }),
  );
}

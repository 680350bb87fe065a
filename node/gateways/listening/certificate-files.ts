/** Files in PEM: a certificate with its chain, its key, and who signs the certificates that clients must have. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile?: string;
}

/** The view of `encryption`: what crosses unencrypted. */

import { drawEncryption } from "../draw/encryption";
import type { View } from "./view";

export const encryption: View = {
  id: "encryption",
  title: "Encryption",
  section: "Security",
  analysis: "encryption",
  about:
    "Encryption between virtual networks as each flow had it: X is encrypted, NX and what follows say why not. It is the network's own encryption; TLS inside is not seen. Missing in NSG logs.",
  columns: () => ["encryption", "bytes", "share", "flows", "denied", "tuples"],
  bars: ["bytes", "flows"],
  picture: (scene) => ({ draw: drawEncryption(scene), height: 96, label: "One bar of all traffic by encryption; the table below has the numbers" }),
};

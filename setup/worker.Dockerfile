# Image of `safeguard worker` for docker-compose.temporal.yml: Node, the compiled checkout, and Java for the Flyway that is mounted.
FROM node:20.19.5-bookworm-slim AS build
WORKDIR /safeguard
COPY package.json package-lock.json ./
RUN npm ci --no-fund --no-audit
COPY . .
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json && npm prune --omit=dev --no-fund --no-audit

FROM node:20.19.5-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates openjdk-17-jre-headless \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /safeguard /safeguard
# Not root: it logs in to hosts with a key, and needs nothing of this machine.
USER node
ENTRYPOINT ["node", "/safeguard/bin/safeguard.js"]

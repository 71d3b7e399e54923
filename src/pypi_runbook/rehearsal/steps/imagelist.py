"""What GitHub's ubuntu-24.04 image has on its PATH, what it does not have, and what of it a rehearsal refuses."""

from __future__ import annotations

_MACHINE = "it would change this machine, which a rehearsal leaves as it is"
_CONTAINER = "containers run outside of the rehearsal, where they could reach the real network"
_PACKAGES = "installing packages would change this machine"

REFUSED = {
    **dict.fromkeys(("sudo", "su", "doas", "pkexec"), "commands as another user would change this machine"),
    **dict.fromkeys(("docker", "docker-compose", "podman", "buildah", "skopeo", "nerdctl"), _CONTAINER),
    **dict.fromkeys(("apt", "apt-get", "apt-key", "add-apt-repository", "aptitude", "dpkg", "dpkg-reconfigure", "snap", "flatpak"), _PACKAGES),
    **dict.fromkeys(("yum", "dnf", "microdnf", "rpm", "zypper", "pacman", "apk", "brew", "port", "nix-env"), _PACKAGES),
    **dict.fromkeys(("systemctl", "service", "shutdown", "reboot", "halt", "poweroff", "init", "telinit", "crontab", "at"), _MACHINE),
    **dict.fromkeys(("mount", "umount", "chroot", "swapon", "swapoff", "modprobe", "insmod", "sysctl", "losetup", "mkfs", "fdisk"), _MACHINE),
    **dict.fromkeys(("useradd", "usermod", "userdel", "adduser", "deluser", "groupadd", "passwd", "chsh", "visudo"), _MACHINE),
    **dict.fromkeys(("iptables", "ip6tables", "nft", "ufw", "update-alternatives", "ldconfig", "update-ca-certificates"), _MACHINE),
}

# What a job takes for granted; the languages and clouds beside it that publishing workflows call.
# Not rustc: pip asks it for its version wherever there is one, so that a failing pip would seem to fail for want of it.
TOOLS = """
[ arch awk b2sum base32 base64 basename bash bc bunzip2 bzcat bzip2 cat chgrp chmod chown cksum clear cmp column comm cp csplit curl cut
dash date dd df diff diff3 dir dircolors dirname du echo ed egrep env envsubst expand expr factor false fgrep file find flock fmt fold free
fuser gawk getconf getent getopt git git-lfs gpg gpg-agent gpgconf gpgv grep groups gunzip gzip head hexdump hostid hostname iconv id
install ionice join kill killall less link ln locale logger logname ls lsof m4 make mawk md5sum mkdir mkfifo mknod mktemp more mv namei nc
nice nl nohup nproc nslookup numfmt od openssl paste patch pathchk perl pgrep ping pinky pkill pr printenv printf ps pwd readlink realpath
rev rm rmdir rsync run-parts sed seq setsid sh sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split ssh ssh-add
ssh-agent ssh-keygen ssh-keyscan scp sftp sqlite3 stat stdbuf strings stty sum sync tac tail tar tee telnet test time timeout top touch tr
tree true truncate tsort tty tzselect uname uncompress unexpand uniq unlink unshare unxz unzip uptime users uuidgen vdir watch wc wget which
who whoami xargs xxd xz xzcat yes zcat zip zipinfo zstd
gh jq yq python python3 pip pip3 pipx node npm npx yarn corepack ruby gem bundle go gofmt java javac mvn gradle ant cargo rustup
rustfmt dotnet php composer swift julia R Rscript ghc cabal kotlin lua
ar as autoconf automake bison c++ cc clang clang++ cmake cpp flex g++ gcc gfortran gdb ld libtool lld nm objcopy objdump ninja pkg-config
ranlib readelf strip swig patchelf shellcheck yamllint parallel dot hg svn bazel buck
aws az gcloud gsutil kubectl helm kustomize minikube kind terraform packer ansible ansible-playbook pulumi azcopy bicep heroku vercel netlify
pwsh tmux
"""

# What publishing workflows install for themselves, so that a forgotten installation shows; a machine may have it from its own packages.
NOT_THERE = """
twine poetry uv uvx hatch flit pdm maturin pyproject-build tox nox virtualenv pre-commit setuptools-scm cibuildwheel check-manifest
towncrier commitizen cz semantic-release bump2version bump-my-version tbump ruff mypy pytest coverage keyring auditwheel
"""

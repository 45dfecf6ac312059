# The formula for a tap of one's own. The release workflow writes the address and the checksum of the
# released sdist (`python .ci/release.py --formula SDIST`), and keeps the result with the release.
# homebrew-core requires a `resource` for each library instead of pip; see `brew update-python-resources`.
class Navfeed < Formula
  desc "Exact, lawful, queryable local copy of NAV's job vacancy feed"
  homepage "https://pypi.org/project/navfeed/"
  url "https://files.pythonhosted.org/packages/source/n/navfeed/navfeed-0.2.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "python@3.13"

  def install
    system "python3.13", "-m", "venv", libexec
    system libexec/"bin/pip", "install", "--constraint=constraints.txt", "."
    bin.install_symlink libexec/"bin/navfeed"
    man1.install Dir["packaging/man/*.1"]
    bash_completion.install "packaging/completions/navfeed.bash" => "navfeed"
    zsh_completion.install "packaging/completions/_navfeed"
    fish_completion.install "packaging/completions/navfeed.fish"
  end

  service do
    run [opt_bin/"navfeed", "sync", "--follow"]
    keep_alive successful_exit: false
    log_path var/"log/navfeed.log"
    error_log_path var/"log/navfeed.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/navfeed --version")
    ENV["NAVFEED_DB"] = testpath/"navfeed.db"
    assert_match "no store", shell_output("#{bin}/navfeed list 2>&1", 7)
  end
end
